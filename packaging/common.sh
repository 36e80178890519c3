# What the scripts beside it need to know of the packages. Sourced from the top of the repository.

# The version stands in Cargo.toml and nowhere else, and so do these.
version=$(cargo pkgid --package mqtt-twister-cli | sed 's/.*[#@]//')
maintainer=$(sed -n 's/^authors = \["\(.*\)"\]/\1/p' Cargo.toml)
homepage=$(sed -n 's/^repository = "\(.*\)"/\1/p' Cargo.toml)

release=${CARGO_TARGET_DIR:-target}/release

# libraries_of PROGRAM: the Debian packages, each with the oldest version that will do, of the libraries that it is linked with.
libraries_of() {
    local program folder
    program=$(realpath "$1")
    folder=$(mktemp -d)
    mkdir "$folder/debian"
    touch "$folder/debian/control"
    (cd "$folder" && dpkg-shlibdeps -O "$program") | sed -n 's/^shlibs:Depends=//p'
    rm -r "$folder"
}
