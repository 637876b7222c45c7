#!/bin/sh
# Slims six programs from a Debian root directory with servers, languages and tools of all kinds, and from one that has
# little more than the program: `rich.sh [DIRECTORY [PROGRAM...]]`. Prints sizes, shells and setuid files of both, and fails
# where the rich one keeps more than 1.3 times as much, or a shell or a setuid file that the lean one does not have.
#
# The directories are made once, which takes about 20 minutes and 6 GB.
set -eu
cd "$(dirname "$0")/../.."
jettison=${JETTISON_BINARY:-target/release/jettison}
roots=${1:-target/rich}
[ $# = 0 ] || shift
[ $# != 0 ] || set -- nginx redis curl git python3 postgres
tests/tools.sh mmdebstrap python3

servers=nginx,apache2,libapache2-mod-php8.2,redis-server,postgresql,mariadb-server,memcached,haproxy,squid,varnish,bind9,dnsmasq
servers=$servers,openssh-server,rsync,vsftpd,postfix,dovecot-imapd,rabbitmq-server,mosquitto,cron,supervisor,ntpsec,unbound
servers=$servers,php8.2-fpm,uwsgi-core,gunicorn,stunnel4,nfs-common,samba-common-bin,snmpd,avahi-daemon,lighttpd,tinyproxy,monit
languages=python3-venv,python3-pip,python3-numpy,python3-flask,python3-requests,ruby,ruby-rack,nodejs,perl,libwww-perl,lua5.4,tcl
languages=$languages,php-cli,php-mbstring,gcc,g++,make,cmake,gawk,guile-3.0,erlang-base,openjdk-17-jre-headless,golang-go,gdb
tools=git,subversion,mercurial,curl,wget,vim,nano,emacs-nox,tmux,screen,htop,strace,lsof,procps,psmisc,jq,tree,less,file,zip,unzip
tools=$tools,xz-utils,zstd,bzip2,p7zip-full,imagemagick,ffmpeg,graphviz,ghostscript,sqlite3,gnupg,openssl,sudo,net-tools,iproute2
tools=$tools,iputils-ping,dnsutils,tcpdump,nmap,netcat-openbsd,socat,traceroute,telnet,ftp,lftp,rclone,openssh-client,ca-certificates
tools=$tools,locales,tzdata,man-db,info,bash-completion,dialog,parted,e2fsprogs,dosfstools,cryptsetup-bin,lvm2,kmod,udev
tools=$tools,systemd,systemd-sysv,dbus,policykit-1,at,logrotate,rsyslog,acl,attr,bc,dc,time,pv,parallel,expect,ansible-core
tools=$tools,python3-boto3,shellcheck,pandoc,asciidoctor,xmlstarlet,libxml2-utils,xsltproc,gettext,binutils,patch,diffutils,ed

# root NAME PACKAGE,...
root() {
    [ ! -d "$roots/$1" ] || return 0
    mkdir -p "$roots"
    rm -rf "$roots/$1.new"
    mmdebstrap --quiet --variant=minbase --include="$2" --dpkgopt=force-unsafe-io \
        --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/man/*' \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
        bookworm "$roots/$1.new"
    mv "$roots/$1.new" "$roots/$1"
}

# The package and the command of a program.
package_of() {
    case $1 in
        redis) echo redis-server ;;
        postgres) echo postgresql ;;
        *) echo "$1" ;;
    esac
}
command_of() {
    case $1 in
        nginx) echo '["nginx", "-g", "daemon off;"]' ;;
        redis) echo '["redis-server"]' ;;
        postgres) echo '["/usr/lib/postgresql/15/bin/postgres"]' ;;
        curl) echo '["curl", "https://localhost"]' ;;
        *) echo "[\"$1\"]" ;;
    esac
}

# What is kept of root $1 for program $2, as a directory.
slim() {
    rm -rf "$roots/kept/$1-$2"
    mkdir -p "$roots/kept"
    "$jettison" slim "rootfs:$roots/$1" -o "rootfs:$roots/kept/$1-$2" --entrypoint "$(command_of "$2")" \
        >"$roots/kept/$1-$2.log" 2>&1
}

root rich "$servers,$languages,$tools"
echo "$(find "$roots/rich" -xdev -type f | wc -l) files in the rich directory"
for program in "$@"; do
    root "lean-$program" "$(package_of "$program")"
    slim rich "$program"
    slim "lean-$program" "$program"
done
exec tests/e2e/rich.py "$roots" "$@"
