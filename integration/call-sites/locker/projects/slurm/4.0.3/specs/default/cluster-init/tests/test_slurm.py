#!/opt/cycle/jetpack/system/embedded/bin/python
import os
import unittest


class TestSlurm(unittest.TestCase):
    def test_ports_beside_the_tests(self):
        with open("../files/slurm.conf") as conf:
            self.assertIn("SlurmctldPort=6817\n", conf.readlines())

    def test_its_spec(self):
        self.assertEqual("default", os.environ["CYCLECLOUD_SPEC_NAME"])
        self.assertTrue(os.path.samefile("..", os.environ["CYCLECLOUD_SPEC_PATH"]))
        with open(os.path.join(os.environ["JETPACK_HOME"], "ran.noted"), "a") as noted:
            noted.write("test_slurm.py\n")


if __name__ == "__main__":
    unittest.main()
