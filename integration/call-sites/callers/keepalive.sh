# Holds a node for a look at it, then lets it go.
jetpack keepalive 6h > answer && echo "held, $(wc -l < answer) line"
jetpack keepalive > /dev/null && echo "for an hour"
jetpack keepalive 6x > out 2> err; echo "6x: $?, $(wc -c < out) bytes, $(wc -l < err) line"
jetpack keepalive forever > /dev/null 2>&1 && echo "for good"
jetpack keepalive cancel > /dev/null && echo "let go"
