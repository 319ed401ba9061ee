"""Tests in Python, run by the system's interpreter (Debian's python3 packages are for that one)."""

def python_test(name, main, srcs = [], data = [], **kwargs):
    """A test that runs `main`, an executable file that starts with #!/usr/bin/python3.

    Args:
      name: the test.
      main: the script; its folder is on the module path.
      srcs: modules that it imports.
      data: other files that it reads.
      **kwargs: size, tags and the like.
    """
    native.sh_test(
        name = name,
        srcs = [main],
        data = [src for src in srcs if src != main] + data,
        **kwargs
    )
