create extension pgcrypto;
create extension pg_trgm;
create extension hstore;
create table ship (name text primary key, launched timestamptz, cargo hstore);
create function greeting(name text) returns text language plpgsql as $$ begin return 'ahoy ' || name; end $$;
