/// How much a set may declare. Held against what was parsed before anything is made of it: what
/// comes after may take the square of these numbers.
extension DefinitionCompiler {
    static let maximumEntities = 64
    /// Snapshots are event types, too.
    static let maximumEventTypes = 256
    /// Of all event types together.
    static let maximumDeclaredFields = 8_192
    /// Aggregates, attributes, tables, registers and recent lists of all entities.
    static let maximumStored = 2_048
    /// Windows of one aggregate or attribute.
    static let maximumWindows = 64
    /// Of one of these; and events that one event type refers to.
    static let maximumSources = 64
    static let maximumReferences = 16
    static let maximumDerived = 4_096
    static let maximumVectors = 1_024
    /// Features of all vectors together, and of all `allow` lists.
    static let maximumEntries = 65_536
    /// Past so many problems nobody reads which name is nearest.
    static let maximumHints = 32

    /// False, with a problem, for a set that is too large to look at.
    mutating func checkCounts() -> Bool {
        let known = problems.count
        let fields =
            files.flatMap(\.events).map { $0.fields.count + $0.touches.count }
            + files.flatMap(\.snapshots).map { $0.fields.count + $0.touches.count }
        let stored =
            files.map { $0.aggregates.count + $0.attributes.count + $0.tables.count }
            + files.map { $0.registers.count + $0.recents.count }
        check(files.map(\.entities.count), Self.maximumEntities, "entities")
        check(
            files.map { $0.events.count + $0.snapshots.count }, Self.maximumEventTypes,
            "event types and snapshots")
        check(fields, Self.maximumDeclaredFields, "fields of events")
        check(
            stored, Self.maximumStored,
            "aggregates, attributes, tables, registers and recent lists")
        check(files.map(\.derived.count), Self.maximumDerived, "derived features")
        check(files.map(\.vectors.count), Self.maximumVectors, "vectors")
        check(
            files.flatMap(\.vectors).map(\.entries.count), Self.maximumEntries,
            "features of vectors")
        check(
            files.flatMap(\.grants).map(\.features.count), Self.maximumEntries,
            "features that are allowed for a purpose")
        for event in files.flatMap(\.events) where event.fields.count > Self.maximumFields {
            report(
                "event type \"\(event.name.value)\" has \(event.fields.count) fields; at most"
                    + " \(Self.maximumFields)", at: event.name.location)
        }
        for event in files.flatMap(\.events)
        where event.references.count > Self.maximumReferences {
            report(
                "event type \"\(event.name.value)\" refers to \(event.references.count) others; at"
                    + " most \(Self.maximumReferences)", at: event.name.location)
        }
        let windows =
            files.flatMap(\.aggregates).map { ($0.name, $0.windows.count) }
            + files.flatMap(\.attributes).map { ($0.name, $0.windows.count) }
        for (name, count) in windows where count > Self.maximumWindows {
            report("\(count) windows; at most \(Self.maximumWindows)", at: name.location)
        }
        return problems.count == known
    }

    private mutating func check(_ counts: [Int], _ limit: Int, _ what: String) {
        let count = counts.reduce(0, +)
        guard count > limit, let first = files.first else { return }
        report("a set has at most \(limit) \(what); this one \(count)", at: first.package.location)
    }

    /// The nearest names, for the first problems.
    func hint(_ name: String, among names: some Sequence<String>) -> String {
        problems.count < Self.maximumHints ? NearestName.hint(name, among: names) : ""
    }
}
