package org.hansa.interop;

import java.util.List;
import java.util.Map;
import org.fisco.bcos.sdk.contract.precompiled.crud.TableCRUDService;
import org.fisco.bcos.sdk.contract.precompiled.crud.common.Condition;
import org.fisco.bcos.sdk.contract.precompiled.crud.common.Entry;

/** Tables through TableCRUDService: create, describe, insert, select, update, remove (execution §2.2, §2.6). */
final class Crud implements Theme {
    private static final String TABLE = "fruit_java";

    @Override
    public void run(Chain chain) throws Exception {
        Checks checks = chain.checks();
        TableCRUDService tables = new TableCRUDService(chain.client(), chain.account());
        checks.code("create table", 0, tables.createTable(TABLE, "name", List.of("colour", "weight")));
        checks.code("create it again", -50001, tables.createTable(TABLE, "name", List.of("colour", "weight")));
        checks.equalSoon("describe", List.of(Map.of("key_field", "name", "value_field", "colour,weight")), () -> tables.desc(TABLE));
        checks.refused("a field with a bad name", () -> tables.createTable("bad_fields", "name", List.of("a b")));

        checks.code("insert", 1, tables.insert(TABLE, "apple", fruit("red", "150")));
        checks.code("insert a second row of the key", 1, tables.insert(TABLE, "apple", fruit("green", "120")));
        checks.code("insert another key", 1, tables.insert(TABLE, "melon", fruit("green", "1500")));
        checks.equalSoon("select a key", 2, () -> tables.select(TABLE, "apple", new Condition()).size());

        Condition heavy = new Condition();
        heavy.GT("weight", "130");
        List<Map<String, String>> rows = tables.select(TABLE, "apple", heavy);
        checks.equal("select by condition", 1, rows.size());
        checks.equal("row", "red", rows.get(0).get("colour"));
        checks.equal("key in the row", "apple", rows.get(0).get("name"));
        Condition first = new Condition();
        first.Limit(1);
        checks.equal("select with limit", 1, tables.select(TABLE, "apple", first).size());
        checks.equal("select what is not there", 0, tables.select(TABLE, "pear", new Condition()).size());

        checks.code("update", 1, tables.update(TABLE, "apple", new Entry(Map.of("colour", "yellow")), heavy));
        checks.equalSoon("updated", "yellow", () -> tables.select(TABLE, "apple", heavy).get(0).get("colour"));
        checks.code("update the key field", -51503, tables.update(TABLE, "apple", new Entry(Map.of("name", "pear")), heavy));
        checks.code("remove", 1, tables.remove(TABLE, "apple", heavy));
        checks.equalSoon("one row left", 1, () -> tables.select(TABLE, "apple", new Condition()).size());
        checks.code("remove from no table", -50100, tables.remove("no_such_table", "apple", new Condition()));
    }

    private static Entry fruit(String colour, String weight) {
        return new Entry(Map.of("colour", colour, "weight", weight));
    }
}
