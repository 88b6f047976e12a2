# The tests of all projects, by hand: their results on standard output, and nothing else to see.
jetpack test > results 2> errors
echo "exit $?, $(wc -c < errors) bytes of message"
for test in celery-autoscale-demo/broker.broker_test.py pbspro/server.10-queues.sh slurm/default.test_slurm.py; do
  grep -c "$test" results
done
grep -qi fail results || echo "none failed"
jetpack test > /dev/null && echo "all passed"
