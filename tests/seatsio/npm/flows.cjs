// The main flows, as a user of the vendor's npm client writes them.
//
// Rules of this file:
//
// 1. `node flows.cjs NAME` does one flow: what it is given comes as JSON on stdin, and what the
//    client made of the answers goes as JSON to stdout. Nothing is judged here.
// 2. What JSON has no words for is said in brackets: "(absent)" for undefined, and "(no date)".

const fs = require("fs");
const {
    BestAvailableParams, Category, ChartListParams, CreateEventParams, CreateSeasonParams,
    LocalDate, Month, ObjectProperties, Region, SeatsioClient, StatusChangeRequest,
    StatusChangesParams, TableBookingConfig, UpdateEventParams, UpdateSeasonParams,
} = require("seatsio");

const given = JSON.parse(fs.readFileSync(0));
const asked = (key, workspace) => new SeatsioClient(new Region(given.url), key, workspace);
const client = asked(given.secret);
const { charts, events, holdTokens, eventLog, eventReports, chartReports } = client;

async function all(pages) {
    const items = [];
    for await (const item of pages) items.push(item);
    return items;
}

async function refused(work) {
    try {
        return { accepted: await work };
    } catch (error) {
        return error;
    }
}

const keys = ({ items, nextPageStartsAfter, previousPageEndsBefore }) =>
    ({ keys: items.map((item) => item.key), nextPageStartsAfter, previousPageEndsBefore });

const statuses = (objects) =>
    Object.fromEntries(Object.entries(objects).map(([label, info]) => [label, info.status]));

const sizes = (report) =>
    Object.fromEntries(Object.entries(report).map(([bucket, infos]) => [bucket, infos.length]));

const flows = {
    async charts() {
        const categories = [new Category(1, "Stalls", "#aabbcc", false)];
        const created = await charts.create("Empty", "SIMPLE", categories);
        const { key } = created;
        await charts.addCategory(key, new Category("b", "Balcony", "#112233", true));
        await charts.updateCategory(key, "b", { label: "Gallery" });
        const listed = await charts.listCategories(key);
        await charts.removeCategory(key, "b");
        await charts.addTag(key, "a/b c");
        const tags = await charts.listAllTags();
        const drawn = await charts.retrievePublishedVersion(key);
        const valid = await charts.validatePublishedVersion(key);

        await events.create(key, new CreateEventParams().withKey("drop"));
        await charts.update(key, "Changed");
        const drafted = await charts.retrieve(key);
        const draft = await charts.retrieveDraftVersion(key);
        const thumbnails = [await charts.retrieveDraftVersionThumbnail(key),
            await charts.retrievePublishedVersionThumbnail(key)];
        const validDraft = await charts.validateDraftVersion(key);
        const copyOfDraft = await charts.copyDraftVersion(key);
        await charts.discardDraftVersion(key);
        await charts.update(key, "Published");
        await charts.publishDraftVersion(key);
        const published = await charts.retrieveWithEvents(key);
        const copy = await charts.copy(key);

        await charts.moveToArchive(copy.key);
        const archived = await all(charts.archive.all());
        await charts.moveOutOfArchive(copy.key);
        const { key: second } = await charts.create();
        const everything = new ChartListParams().withFilter("publ").withTag("a/b c")
            .withExpandEvents(true).withEventsLimit(1).withExpandValidation(true)
            .withExpandVenueType(true).withExpandZones(true);
        const found = await charts.listFirstPage(everything, 10);
        const first = await charts.listFirstPage(null, 2);
        const next = await charts.listPageAfter(first.nextPageStartsAfter, null, 10);
        const before = await charts.listPageBefore(next.previousPageEndsBefore, null, 1);
        await charts.removeTag(key, "a/b c");
        return {
            created, listed, tags, valid, validDraft, drafted, published, copy, copyOfDraft, found,
            second, draft: draft.name, drawn: drawn.categories.list,
            thumbnails: thumbnails.map((picture) => picture.subarray(1, 4).toString()),
            archived: archived.map((chart) => [chart.key, chart.archived]),
            pages: [first, next, before].map(keys),
            all: (await all(charts.listAll())).map((chart) => chart.key),
            untagged: (await charts.retrieve(key)).tags,
        };
    },

    async events() {
        const created = await events.create(given.chart, new CreateEventParams()
            .withKey(given.key).withName("The drop").withDate(new LocalDate(2027, 3, 9))
            .withCategories([new Category("vip", "VIP", "#abcdef", false)])
            .withObjectCategories({ "T2-1": "vip" })
            .withTableBookingConfig(TableBookingConfig.custom({ T1: "BY_TABLE", T2: "BY_SEAT" })));
        const plain = await events.create(given.chart);
        const several = await events.createMultiple(given.chart, [
            new CreateEventParams().withKey("one").withName("One"), new CreateEventParams(),
        ]);
        const retrieved = await events.retrieve(given.key);
        const vip = await events.retrieveObjectInfo(given.key, "T2-1");
        await events.update(given.key, new UpdateEventParams().withName("Renamed")
            .withKey(given.newKey).withDate(new LocalDate(2027, 12, 31)).withIsInThePast(true)
            .withCategories([]).withObjectCategories({})
            .withTableBookingConfig(TableBookingConfig.inherit()));
        const updated = await events.retrieve(given.newKey);
        const listed = (await all(events.listAll())).map((event) => event.key);
        const first = await events.listFirstPage(2);
        const next = await events.listPageAfter(first.nextPageStartsAfter, 2);
        const before = await events.listPageBefore(next.previousPageEndsBefore, 2);
        await events.delete(given.newKey);
        const moved = await events.moveEventToChartCopy(plain.key);
        return {
            moved, created, plain, several, retrieved, updated, listed,
            vip: vip.categoryKey, pages: [first, next, before].map(keys),
            gone: await refused(events.retrieve(given.newKey)),
        };
    },

    async sales() {
        const [one, two] = given.events;
        const made = await holdTokens.create(5);
        const token = made.holdToken;
        const kept = await holdTokens.retrieve(token);
        const held = await events.hold(one, ["A-1", "A-2"], token, "order0");
        const longer = await holdTokens.expiresInMinutes(token, 30);
        const booked = await events.book(one, "A-1", token, "order1");
        const released = await events.release(one, "A-2", token);
        const both = await events.book(given.events, ["B-1", "B-2"], null, "order2");
        const changed = await events.changeObjectStatus(two, "B-1", "lolzor", null, null, true,
            null, null, ["booked"]);
        const area = await events.hold(one, [
            new ObjectProperties("GA1").setQuantity(3).setTicketType("adult"),
            new ObjectProperties("C-1").setTicketType("child").setExtraData({ name: "Ada" }),
        ], token);
        const batch = await events.changeObjectStatusInBatch([
            new StatusChangeRequest().withEventKey(one).withObjects("C-2").withStatus("lolzor"),
            new StatusChangeRequest().withEventKey(two).withObjects(["A-1", "GA1"])
                .withStatus("booked").withOrderId("order3"),
            new StatusChangeRequest().withType(StatusChangeRequest.TYPE_RELEASE)
                .withEventKey(one).withObjects("C-2"),
        ]);
        const ended = await holdTokens.expiresInMinutes(token, 0);
        return {
            made, kept, longer, ended, area: area.objects, booked: booked.objects["A-1"],
            held: statuses(held.objects), released: statuses(released.objects),
            both: statuses(both.objects), changed: statuses(changed.objects),
            batch: batch.map((result) => statuses(result.objects)),
            onTheSecond: await events.retrieveObjectInfo(two, "B-2"),
            gone: await refused(holdTokens.retrieve(token)),
        };
    },

    async best() {
        const token = (await holdTokens.create()).holdToken;
        return {
            booked: await events.bookBestAvailable(given.event, new BestAvailableParams()
                .withNumber(2).withTicketTypes(["adult", "child"])
                .withExtraData([{ n: 1 }, { n: 2 }]), null, "order1"),
            held: await events.holdBestAvailable(given.event, new BestAvailableParams()
                .withNumber(3).withCategories(["10"]).withTryToPreventOrphanSeats(true)
                .withAccessibleSeats(0), token),
            changed: await events.changeBestAvailableObjectStatus(given.event,
                new BestAvailableParams().withNumber(1), "lolzor"),
            none: await refused(events.bookBestAvailable(given.event,
                new BestAvailableParams().withNumber(3).withCategories(["none"]))),
        };
    },

    async objects() {
        const free = await events.retrieveObjectInfo(given.event, "A-1");
        await events.updateExtraData(given.event, "A-1", { name: "Ada", "ü": [1, null] });
        await events.updateExtraDatas(given.event, { "A-2": { n: 1 }, GA1: { g: 2 } });
        const infos = await events.retrieveObjectInfos(given.event, ["A-1", "A-2", "GA1"]);
        await events.updateExtraData(given.event, "A-1", {});
        const cleared = await events.retrieveObjectInfo(given.event, "A-1");
        return {
            free, cleared, area: infos.GA1,
            kept: Object.entries(infos).map(([label, info]) => [label, info.extraData]),
            nowhere: await refused(events.retrieveObjectInfo(given.event, "Z-1")),
        };
    },

    async statusChanges() {
        const token = (await holdTokens.create()).holdToken;
        await events.hold(given.event, "A-1", token, "order1");
        await events.book(given.event, [new ObjectProperties("B-1").setExtraData({ n: 1 })]);
        await events.book(given.event, [new ObjectProperties("GA1").setQuantity(2)]);
        await events.release(given.event, "B-1");
        const changes = (params) => all(events.statusChanges(given.event).all(params));
        const seen = (found) => found.map((change) => [change.objectLabel, change.status]);
        const by = (params) => changes(params).then(seen);
        const pages = events.statusChanges(given.event);
        const first = await pages.firstPage(null, 3);
        const next = await pages.pageAfter(first.nextPageStartsAfter, null, 3);
        const before = await pages.pageBefore(next.previousPageEndsBefore, null, 3);
        return {
            token, all: await changes(),
            filtered: await by(new StatusChangesParams("1")),
            filteredAndSorted: await by(
                new StatusChangesParams().withFilter("-").sortByObjectLabel()),
            byLabel: await by(new StatusChangesParams().sortByObjectLabel()),
            byStatus: await by(new StatusChangesParams().sortByStatus().sortDescending()),
            byDate: await by(new StatusChangesParams().sortByDate().sortAscending()),
            ofTheObject: seen(await all(
                events.statusChangesForObject(given.event, "B-1").all())),
            pages: [first, next, before].map((page) => seen(page.items)),
        };
    },

    async reports() {
        const { event, chart } = given;
        await events.book(event, ["A-1", "A-2"], null, "order1");
        await events.book(event, [new ObjectProperties("GA1").setQuantity(5)]);
        const booked = await eventReports.byStatus(event, "booked");
        const csv = await eventReports.flatListCsv(event);
        return {
            byStatus: sizes(await eventReports.byStatus(event)), booked: booked.booked[0],
            summary: await eventReports.summaryByStatus(event),
            deep: (await eventReports.deepSummaryByStatus(event)).booked,
            byOrder: sizes(await eventReports.byOrderId(event, "order1")),
            byAvailability: await eventReports.summaryByAvailability(event),
            byChannel: await eventReports.summaryByChannel(event),
            byZone: sizes(await eventReports.withSeasonBookingsNotPropagated().byZone(event)),
            nothing: await eventReports.byStatus(event, "lolzor"),
            flat: (await eventReports.flatList(event)).map((info) => info.label),
            csv: csv.split("\n").map((line) => line.split(",")[0]),
            chartByLabel: (await chartReports.byLabel(chart))["A-1"][0],
            chartByType: await chartReports.summaryByObjectType(chart, "true", "published"),
        };
    },

    async everyReport() {
        const { event, chart } = given;
        const buckets = async (reports, key) => {
            const found = {};
            for (const name of Object.getOwnPropertyNames(Object.getPrototypeOf(reports)))
                if (/^(by|summaryBy|deepSummaryBy)/.test(name))
                    found[name] = Object.keys(await reports[name](key));
            return found;
        };
        return {
            event: await buckets(eventReports, event), chart: await buckets(chartReports, chart),
        };
    },

    async notThere() {
        const { accounts, usageReports } = asked(given.admin);
        const month = new Month(2026, 11);
        return [
            await refused(accounts.retrieveMyAccount()),
            await refused(accounts.regenerateDesignerKey()),
            await refused(accounts.enableDraftChartDrawings()),
            await refused(accounts.disableDraftChartDrawings()),
            await refused(accounts.changePassword("x")),
            await refused(accounts.changeHoldPeriod(10)),
            await refused(accounts.updateSetting("a", "b")),
            await refused(usageReports.subscription()),
            await refused(usageReports.billableRenderingsSummaryForAllMonths()),
            await refused(usageReports.billableRenderingsSummaryForMonth(month)),
            await refused(usageReports.billableRenderingsForChartInMonth("c", month)),
        ];
    },

    async eventLog() {
        const { key: chart } = await charts.create("One");
        const { key: other } = await charts.create("Other");
        const first = await eventLog.listFirstPage(1);
        const next = await eventLog.listPageAfter(first.nextPageStartsAfter, 1);
        return { chart, other, all: await all(eventLog.listAll()), pages: [first, next] };
    },

    async workspaces() {
        const admin = asked(given.admin);
        const { workspaces, ticketBuyers, usageReports } = admin;
        const hall = await workspaces.create("Hall");
        const test = await workspaces.create("Test", true);
        await workspaces.update(hall.key, "Great hall");
        const added = await workspaces.addSecretKey(hall.key);
        await workspaces.removeSecretKey(hall.key, hall.secretKey);
        const renewed = await workspaces.regenerateSecretKey(test.key);
        const changed = await workspaces.retrieve(hall.key);
        await workspaces.setDefault(hall.key);
        await workspaces.deactivate(given.workspace);
        const inactive = await all(workspaces.listInactive());
        await workspaces.activate(given.workspace);
        await workspaces.deactivate(test.key);
        const names = (page) => page.items.map((each) => each.name);
        const active = await workspaces.listActiveFirstPage("H", 1);
        const inactiveOnes = await workspaces.listInactiveFirstPage();
        const edges = [
            active, await workspaces.listActivePageAfter(active.items[0].id, null, 1),
            await workspaces.listActivePageBefore(active.items[0].id, "nothing"),
            inactiveOnes, await workspaces.listInactivePageAfter(inactiveOnes.items[0].id),
            await workspaces.listInactivePageBefore(inactiveOnes.items[0].id),
        ].map(names);
        await workspaces.delete(test.key);
        const there = asked(given.admin, hall.key);
        const copied = await admin.charts.copyFromWorkspaceTo(
            given.chart, given.workspace, hall.key);
        const back = await there.charts.copyToWorkspace(copied.key, given.workspace);
        const { workspaceKey } = await asked(added).holdTokens.create();
        const event = await asked(added).events.create(copied.key);
        await asked(added).events.book(event.key, ["A-1", "A-2"]);
        const now = new Date();
        const month = new Month(now.getUTCFullYear(), now.getUTCMonth() + 1);
        const bought = await ticketBuyers.add(given.buyers);
        const again = await ticketBuyers.add([given.buyers[0], null]);
        const buyers = await all(ticketBuyers.listAll());
        return {
            hall, test, added, renewed, changed, inactive, workspaceKey, bought, again, buyers,
            edges,
            removed: await ticketBuyers.remove(given.buyers),
            copies: [copied.name, back.name],
            active: (await all(workspaces.listActive())).map((each) => each.name),
            filtered: (await all(workspaces.listAll("great"))).map((each) => each.name),
            pages: keys(await workspaces.listFirstPage(null, 1)),
            usage: await usageReports.summaryForAllMonths(),
            month: await usageReports.detailsForMonth(month),
            ofTheEvent: await usageReports.detailsForEventInMonth(event.id, month),
        };
    },

    async seasons() {
        const { seasons } = client;
        const year = await seasons.create(given.chart, new CreateSeasonParams()
            .key(given.key).name("Year").eventKeys(given.events)
            .categories([new Category("vip", "VIP", "#abcdef", false)])
            .objectCategories({ "A-1": "vip" }).tableBookingConfig(TableBookingConfig.allBySeat())
            .forSalePropagated(false));
        const plain = await seasons.create(given.chart);
        const [one, two] = given.events;
        const spring = await seasons.createPartialSeason(given.key, given.part, "Spring", [one]);
        const joined = await seasons.addEventsToPartialSeason(given.key, given.part, [two]);
        const left = await seasons.removeEventFromPartialSeason(given.key, given.part, one);
        const added = await seasons.createEvents(given.key, null, ["x", "y"]);
        const numbered = await seasons.createEvents(plain.key, 2);
        await seasons.update(given.key, new UpdateSeasonParams().withName("Next"));
        const shown = await seasons.retrieve(given.key);
        const event = await events.retrieve(two);
        const listed = await all(events.listAll());

        await events.book(given.key, ["A-1", "A-2"], null, "order1");
        await events.overrideSeasonObjectStatus(one, ["A-2"]);
        const infos = await events.retrieveObjectInfos(one, ["A-1", "A-2"]);
        const taken = await refused(events.book(one, "A-1"));
        await events.book(one, "A-2");
        const inUse = await refused(events.useSeasonObjectStatus(one, ["A-2"], given.key));
        await events.release(one, "A-2");
        await events.useSeasonObjectStatus(one, ["A-2"]);
        const changes = [
            ["OVERRIDE_SEASON_STATUS", "A-1"], ["USE_SEASON_STATUS", "A-1"],
        ].map(([type, label]) => new StatusChangeRequest().withType(type)
            .withEventKey(one).withObjects(label));
        const batch = await events.changeObjectStatusInBatch(changes);
        const reports = [eventReports, eventReports.withSeasonBookingsNotPropagated()];
        const propagated = await Promise.all(
            reports.map(async (report) => sizes(await report.byStatus(one))));
        await events.delete(plain.key);
        return {
            year, plain, spring, joined, left, shown, event, taken, inUse, propagated,
            added: added.map((each) => each.key), numbered: numbered.length,
            isSeason: [year, plain, spring, shown, event].map((each) => each.isSeason()),
            listed: listed.map((each) => [each.key, each.isSeason(), each.events === undefined]),
            infos: statuses(infos), batch: batch.map((result) => statuses(result.objects)),
            gone: await refused(events.retrieve(plain.key)),
        };
    },

    async resale() {
        const { event } = given;
        await events.book(event, ["A-1", "A-2"]);
        const offered = await events.putUpForResale(event, "A-1", "listing1");
        const kept = await events.retrieveObjectInfo(event, "A-1");
        const report = await eventReports.byStatus(event, "resale");
        await events.book(event, "A-1");
        return {
            offered: offered.objects["A-1"], kept, report: report.resale,
            sold: await events.retrieveObjectInfo(event, "A-1"),
        };
    },

    async channels() {
        const { event } = given;
        const told = async () => (await events.retrieve(event)).channels;
        const edit = events.channels;
        await edit.add(event, given.one, "One", "#111111", 1, ["A-1", "A-2"], { GA1: 5 });
        await edit.addMultiple(event, [
            { key: "two", name: "Two", color: "#222222", objects: ["A-2"] },
            { key: "three", name: "Three", color: "#333333", index: 3 },
        ]);
        const added = await told();
        await edit.update(event, "two", "Second", undefined, ["A-3"]);
        await edit.addObjects(event, "three", ["A-4"], { GA1: 2 });
        await edit.removeObjects(event, given.one, ["A-1"], { GA1: 2 });
        const edited = await told();
        const free = await events.retrieveObjectInfo(event, "A-3");
        const others = await refused(events.book(event, "A-3"));
        const theirs = await events.book(event, "A-3", null, null, null, null, ["two"]);
        const anybodys = await events.book(event, "A-4", null, null, null, true);
        const best = await events.bookBestAvailable(event,
            new BestAvailableParams().withNumber(1), null, null, null, null, [given.one]);
        const area = await events.retrieveObjectInfo(event, "GA1");
        const report = await eventReports.byChannel(event, "two");
        await edit.remove(event, given.one);
        await edit.replace(event, [
            { key: "two", name: "Again", color: "#444444", index: 1, objects: ["B-1"] },
        ]);
        const replaced = await told();
        const created = await events.create(given.chart, new CreateEventParams().withChannels([
            { key: "k", name: "K", color: "#555555", index: 1, objects: ["A-1"] },
        ]));
        return {
            added, edited, replaced, free, others, area, created: created.channels,
            booked: [theirs.objects["A-3"], anybodys.objects["A-4"]], best: best.objects,
            report: report.two.map((info) => info.label),
        };
    },

    async forSale() {
        const [one, two] = given.events;
        const told = async () => (await events.retrieve(one)).forSaleConfig;
        const closed = await events.editForSaleConfig(one, null,
            [{ object: "A-1" }, { object: "GA1", quantity: 5 }]);
        const kept = await told();
        const info = await events.retrieveObjectInfo(one, "A-1");
        const area = await events.retrieveObjectInfo(one, "GA1");
        const refusal = await refused(events.book(one, "A-1"));
        const report = await eventReports.byAvailabilityReason(one, "not_for_sale");
        const opened = await events.editForSaleConfig(one, [{ object: "A-1" }]);
        const both = await events.editForSaleConfigForEvents({
            [one]: { forSale: [{ object: "GA1", quantity: 5 }] },
            [two]: { notForSale: [{ object: "A-2" }] },
        });
        await events.replaceForSaleConfig(one, true, ["o1"], { GA1: 3 }, ["cat1"]);
        const some = await told();
        await events.markAsNotForSale(one, null, null, ["cat2"]);
        const others = await told();
        await events.markAsForSale(one, ["A-1"]);
        const few = await told();
        await events.markEverythingAsForSale(one);
        const all = await told();
        await events.markEverythingAsNotForSale(one);
        const created = await events.create(given.chart, new CreateEventParams()
            .withForSaleConfig({ forSale: false, objects: ["A-1"] }));
        return {
            closed, kept, info, area, refusal, opened, both, said: [some, others, few, all],
            nothing: await told(), created: created.forSaleConfig,
            report: report.not_for_sale.map((each) => each.label),
        };
    },

    async errors() {
        const { event, chart } = given;
        await events.book(event, "A-1");
        return {
            unknownEvent: await refused(events.retrieve("no/such event")),
            taken: await refused(events.book(event, ["A-1", "A-2"])),
            nowhere: await refused(events.book(event, "Z-1")),
            noToken: await refused(events.hold(event, "A-2", "nobodys")),
            sameKey: await refused(events.create(chart, new CreateEventParams().withKey(event))),
            bad: await refused(events.create(chart, { name: 7 })),
            noDraft: await refused(charts.publishDraftVersion(chart)),
            stranger: await refused(asked("nobody").charts.listFirstPage()),
            notAdmin: await refused(client.workspaces.create("Mine")),
        };
    },

    async pages() {
        const first = await events.listFirstPage();
        const ids = first.items.map((event) => event.id);
        const [newest, oldest] = [ids[0], ids.at(-1)];
        return {
            ids, whole: keys(first),
            exact: keys(await events.listFirstPage(ids.length)),
            single: keys(await events.listFirstPage(1)),
            afterTheLast: keys(await events.listPageAfter(oldest)),
            beforeTheFirst: keys(await events.listPageBefore(newest)),
            beforeTheLast: keys(await events.listPageBefore(oldest, 1)),
            byTheNumber: (await all(events.listAll({ limit: 2 }))).map((event) => event.key),
            nothing: await charts.listFirstPage(new ChartListParams().withFilter("no such")),
            tooLarge: await refused(events.listFirstPage(1001)),
            noId: await refused(events.listPageAfter("x")),
        };
    },
};

function shown(name, value) {
    if (this[name] instanceof Date && isNaN(this[name])) return "(no date)";
    return value === undefined ? "(absent)" : value;
}

flows[process.argv[2]]().then(
    (seen) => process.stdout.write(JSON.stringify(seen, shown)),
    (error) => {
        console.error(error);
        process.exitCode = 1;
    },
);
