# A support archive without storage, its place cut out of what is printed.
mkdir mylogs && echo "some line" > mylogs/a.log
place=$(jetpack report_issue mylogs --no-upload | sed -n 's/^Logs can be found at: //p')
case "$place" in *.zip) echo "a zip" ;; *) echo "not a zip: $place" ;; esac
[ -s "$place" ] && echo "is there"
python3 -m zipfile -l "$place" | grep -c 'a\.log'
rm -f "$place"
