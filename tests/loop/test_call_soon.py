"""call_soon: order, batches and arguments."""



def test_callbacks_run_in_the_order_they_were_scheduled(loop, run_once):
    ran = []
    for number in range(10):
        loop.call_soon(ran.append, number)
    run_once(loop)
    assert ran == list(range(10))
