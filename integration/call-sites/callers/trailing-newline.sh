# One newline after a value, and no more, whatever the value.
printf '[%s]\n' "$(jetpack config dask.slot_count)"
jetpack config dask.slot_count | od -An -c | tr -s ' '
jetpack config dask.scheduler_addr | wc -c
jetpack config KEY | wc -l
jetpack config pbspro.scheduler "" | wc -c
