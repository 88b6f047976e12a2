# Inside a loop over lines nothing but the loop may read its input.
while read -r name key; do
  echo "$name=$(jetpack config "$key" none)"
  jetpack config "$key" > /dev/null 2>&1
done << LINES
first weka.fs
second weka.nothing
third weka.hotspare
fourth weka.version
LINES
