/* Tables, a transaction that is undone, numbers, text, bytes, JSON and mistakes. */
#include <sqlite3.h>
#include <stdio.h>

static int row(void *data, int count, char **values, char **names) {
  (void)data;
  for (int i = 0; i < count; i++) printf("%s%s=%s", i ? ", " : "  ", names[i], values[i] ? values[i] : "(null)");
  puts("");
  return 0;
}

static void run(sqlite3 *db, const char *sql) {
  char *error = NULL;
  printf("%s\n", sql);
  if (sqlite3_exec(db, sql, row, NULL, &error) != SQLITE_OK) printf("  error: %s\n", error);
  sqlite3_free(error);
}

int main(void) {
  sqlite3 *db;
  if (sqlite3_open(":memory:", &db) != SQLITE_OK) return 1;
  run(db, "create table t (id integer primary key, name text unique, weight real)");
  run(db, "insert into t (name, weight) values ('one', 1.5), ('two', 1e300), ('d\xc3\xa9j\xc3\xa0', null)");
  run(db, "begin; delete from t; rollback");
  run(db, "select id, upper(name) as name, weight / 3 as third, typeof(weight) as type from t order by name desc");
  run(db, "insert into t (name) values ('one')");
  run(db, "select sum(id) as sum, group_concat(name) as names, max(9223372036854775807) as max from t");
  run(db, "with recursive f(a, b) as (select 0, 1 union all select b, a + b from f limit 91) select max(a) as f from f");
  run(db, "select hex(randomblob(4)) != '' as bytes, quote(x'00ff') as quoted, printf('%.17g', 0.1) as tenth");
  run(db, "select json_extract('{\"a\": [1, {\"b\": 2.5}]}', '$.a[1].b') as json");
  run(db, "selec");
  sqlite3_close(db);
  printf("version %s\n", sqlite3_libversion());
  return 0;
}
