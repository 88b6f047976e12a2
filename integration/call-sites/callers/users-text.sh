# A look at the text form: each user is in it, with the number.
for name in ana omar liu; do
  jetpack users | grep -q "$name" && echo "$name"
done
jetpack users | grep -c '2000[123]'
