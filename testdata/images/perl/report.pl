#!/usr/bin/perl
# Prints the parts of the report that it is asked for; each loads what it needs when it is called.
use strict;
use warnings;
use FindBin;
use lib '/srv/report/lib';
use Harbour;

binmode STDOUT, ':encoding(UTF-8)';
my ($names) = [map { /^(\w+)$/ } @ARGV];
print "$_: ", Harbour->can($_)->(), "\n" for @$names;
