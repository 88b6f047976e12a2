# Nothing on standard output, one line of message, and what stood there is still there.
echo before > here
refused() { jetpack download "$@" > out 2> err; echo "$?: $(wc -c < out) bytes out, $(wc -l < err) line, $(cat here)"; }
refused missing.tgz --project slurm here
refused data.dat --project no-such-project here
refused ../../../etc/passwd --project slurm here
refused data.dat --project ../test-project here
refused data.dat --project test-project here/
refused data.dat --project test-project not/there/
refused data.dat here extra --project test-project
refused data.dat --projekt test-project here
refused --project test-project
ls
