import configparser
import os
import unittest


class BrokerTest(unittest.TestCase):
    def test_port(self):
        parser = configparser.ConfigParser()
        with open(os.path.join(os.environ["CYCLECLOUD_SPEC_PATH"], "files", "celery.conf")) as conf:
            parser.read_string("[celery]\n" + conf.read())
        self.assertEqual("5672", parser["celery"]["broker_port"])
        with open(os.path.join(os.environ["JETPACK_HOME"], "ran.noted"), "a") as noted:
            noted.write("broker_test.py\n")
