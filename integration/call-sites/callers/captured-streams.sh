# Output and message go different ways, each alone.
jetpack config weka.gone > out 2> err
echo "exit $?, $(wc -c < out) bytes out, $(wc -l < err) line of message"
jetpack config weka.fs > out 2> err
echo "exit $?, $(wc -l < out) line out, $(wc -c < err) bytes of message"
both=$(jetpack config weka.fs 2>&1)
echo "together: $both"
