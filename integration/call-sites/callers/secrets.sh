# Passwords with every character that a shell minds.
password=$(jetpack config cyclecloud.config.password)
[ "$password" = 'pw $HOME `id` "it'"'"'s" \n%s #1' ] && echo "kept"
database=$(jetpack config database.password)
[ "$database" = '-Xy#12;&|<>*?' ] && echo "with a dash in front"
padded="$(jetpack config adjoin.ad_password)"
echo "${#padded} characters"
jetpack config adauth.ad_admin_password
jetpack config adjoin.ad_admin
