# One call a key, made by xargs.
printf '%s\n' weka.fs weka.version weka.stripe_width | xargs -n 1 jetpack config
printf '%s\n' weka.none weka.fs | xargs -I{} jetpack config {} _none_
printf 'weka.fs weka.gone' | xargs -n 1 jetpack config 2> /dev/null
echo "xargs says $?"
