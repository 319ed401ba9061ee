"""Base classes of the tests: a class has one folder and, where it asks for one, one cluster."""

import functools
import os
import tempfile
import unittest

from harness.cluster import Cluster
from harness.settings import from_environment


def slotmesh_only(reason):
    """Skips a test (or a class) when the run is against another server."""
    return unittest.skipIf(from_environment().kind != "slotmesh", f"slotmesh only: {reason}")


class E2eTest(unittest.TestCase):
    """A test with a folder. The runner keeps the folders of classes that failed."""

    maxDiff = 4000

    @classmethod
    def setUpClass(cls):
        cls.settings = from_environment()
        cls.folder = tempfile.mkdtemp(prefix=f"{cls.__name__}-", dir=cls.settings.logs or None)

    def path(self, name):
        return os.path.join(self.folder, name)


class ClusterTest(E2eTest):
    """A class whose tests share a formed cluster of `primaries` nodes."""

    primaries = 3
    formed = True
    options = {}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cluster = Cluster(cls.settings, cls.folder, cls.primaries, cls.options)
        cls.addClassCleanup(cls.cluster.close)
        cls.cluster.start()
        if cls.formed:
            cls.cluster.form()

    def flush(self):
        for node in self.cluster.nodes:
            node.call("FLUSHALL")


class FreshClusterTest(E2eTest):
    """A class each of whose tests has a cluster of its own, because it breaks it."""

    primaries = 3
    options = {}

    def setUp(self):
        folder = os.path.join(self.folder, self._testMethodName)
        self.cluster = Cluster(self.settings, folder, self.primaries, self.options)
        self.addCleanup(self.cluster.close)
        self.cluster.start()
        self.cluster.form()


def cases(*parameters):
    """Turns `def name(self, parameter)` into a test per parameter: each is named and counts."""

    def mark(function):
        function.cases = parameters
        return function

    return mark


def expand_cases(cls):
    """Class decorator that makes the tests which @cases described."""
    for name, function in list(vars(cls).items()):
        parameters = getattr(function, "cases", None)
        if parameters is None:
            continue
        delattr(cls, name)
        for parameter in parameters:
            setattr(cls, f"{name}_{parameter}", _bind(function, parameter))
    return cls


def _bind(function, parameter):
    @functools.wraps(function)
    def test(self):
        return function(self, parameter)

    return test
