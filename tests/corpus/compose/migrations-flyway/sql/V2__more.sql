alter table t add name text;
