# A list as it is printed is a literal of Python, quotes of both kinds included.
import ast
import subprocess

text = subprocess.check_output(["jetpack", "config", "nvidia.cuda.samples"]).decode()
for name in ast.literal_eval(text):
    print("sample", name)
