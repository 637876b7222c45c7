set names utf8mb4;
create database harbour;
use harbour;
create table ship (name varchar(40) primary key, launched datetime, cargo json) engine = innodb;
insert into ship values ('Vasa', '1998-08-10 15:00:00', '{"ballast": "too little"}'), ('Ähre', null, '{}'), ('Zoe', null, '{}');
create function greeting(name varchar(40)) returns varchar(60) deterministic return concat('ahoy ', name);
create table log (line text) engine = aria;
