module imagepull.test/lab/hello

go 1.24
