"""The folder that goes in front of PYTHONPATH for a program under `ouroloop run`: see `sitecustomize`."""
