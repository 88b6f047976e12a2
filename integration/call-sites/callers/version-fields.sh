# Takes the version apart at dots and the dash.
version=$(jetpack --version)
major=$(echo "$version" | cut -d. -f1)
build=$(echo "$version" | awk -F- '{ print $2 }')
dotted=${version%%-*}
[[ $major =~ ^[0-9]+$ ]] && echo "major is a number"
[[ $build =~ ^[0-9]+$ ]] && echo "so is the build"
[[ $dotted =~ ^[0-9]+(\.[0-9]+)+$ ]] && echo "integers between dots"
[ "$(jetpack -v)" = "$version" ] && echo "-v says the same"
