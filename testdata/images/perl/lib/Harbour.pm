package Harbour;
use strict;
use warnings;
use utf8;

sub database {
    require DBI;
    require JSON::XS;
    my $handle = DBI->connect('dbi:SQLite:dbname=:memory:', '', '', { RaiseError => 1 });
    return JSON::XS->new->canonical->encode($handle->selectrow_hashref("select 'vasa' as name, 3 as masts"));
}

sub zones {
    require DateTime;
    my $time = DateTime->from_epoch(epoch => 1750000000, time_zone => 'America/Halifax', locale => 'de');
    return $time->strftime('%A %H:%M %Z');
}

sub letters {
    require Encode;
    require Unicode::Normalize;
    require POSIX;
    my $ship = Encode::decode('shiftjis', "\x91\x44");
    return join ' ', $ship, uc 'grüße', length Unicode::Normalize::NFD('ü'), POSIX::strftime('%Y', gmtime 1750000000);
}

sub network {
    require Socket;
    require LWP::UserAgent;
    my $status = LWP::UserAgent->new(timeout => 2)->get('http://localhost:1/')->code;
    return join ' ', Socket::inet_ntoa(scalar gethostbyname 'lighthouse.test'), $status, (getpwnam 'www-data')[7];
}

sub plugins {
    my @found;
    opendir my $folder, '/srv/report/lib/Harbour/Plugin' or die;
    for my $file (sort readdir $folder) {
        my ($name) = $file =~ /^(\w+)\.pm$/ or next;
        require "Harbour/Plugin/$name.pm";
        push @found, "Harbour::Plugin::$name"->can('greet')->();
    }
    local $ENV{PATH} = '/usr/bin:/bin';
    chomp(my $below = `echo from below | tr a-z A-Z`);
    return "@found, $below";
}

1;
