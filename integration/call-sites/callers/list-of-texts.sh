# Hosts out of a list of texts: quotes go too.
hosts=$(jetpack config redis.hostlist | sed "s/[]['\"]//g; s/,//g")
nodes=""
for host in $hosts; do nodes="$nodes $host:7000"; done
echo "create$nodes --replicas $(jetpack config redis.replicas 2>/dev/null || echo 0)"
