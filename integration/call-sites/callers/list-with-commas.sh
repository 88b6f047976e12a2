# Ports between brackets, taken apart at the commas.
ports=$(jetpack config redis.port_list || echo '[6379]')
ports=${ports#[}
ports=${ports%]}
IFS=', ' read -r -a all <<< "$ports"
printf 'port %s\n' "${all[@]}"
