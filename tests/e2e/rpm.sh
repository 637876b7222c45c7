#!/bin/sh
# Builds forty packages in folder $1 and installs them into the database of $1/root; prints what rpm lists there.
set -eu
top=$1/top
database='--define=_dbpath /usr/lib/sysimage/rpm'
mkdir -p "$top" "$1/root"
for number in $(seq 1 40); do
    cat >"$top/$number.spec" <<END
Name: pack$number
Version: 1.$number
Release: 3.fc40
$([ $((number % 3)) = 0 ] || echo "Epoch: $number")
Summary: one of forty
License: MIT
BuildArch: noarch
%description
%install
mkdir -p %{buildroot}/usr/share/pack$number
for file in \$(seq 1 $((number * 10))); do echo \$file >%{buildroot}/usr/share/pack$number/a-file-of-some-length-\$file; done
%files
/usr/share/pack$number
END
    rpmbuild --quiet --define "_topdir $top" --define '_binary_payload w0.ufdio' -bb "$top/$number.spec" >&2
done
rpm --root "$1/root" "$database" --initdb
rpm --root "$1/root" "$database" --nodeps --noscripts --ignoresize --justdb -i "$top"/RPMS/noarch/*.rpm
rpm --root "$1/root" "$database" -qa --qf '%{NAME} %|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE} %{ARCH}\n'
