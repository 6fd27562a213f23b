/// What breaks between two versions of the schemas (wire.md §16).
public struct SchemaComparison: Sendable {
    public let old: Compilation
    public let new: Compilation
    /// In the order of the new sources; what is gone comes last.
    public let findings: [BreakingFinding]

    /// Compares two compilations without errors.
    public init(old: Compilation, new: Compilation) {
        self.old = old
        self.new = new
        var comparer = SchemaComparer(old: old, new: new)
        comparer.run()
        findings = comparer.findings.sorted { $0.precedes($1) }
    }
}

extension BreakingFinding {
    fileprivate func precedes(_ other: BreakingFinding) -> Bool {
        let last = Location(file: .max, span: Span(start: 0, end: 0))
        let (left, right) = (new ?? last, other.new ?? last)
        let places = [left.file, left.span.start, old.file, old.span.start]
        let otherPlaces = [
            right.file, right.span.start, other.old.file, other.old.span.start,
        ]
        if places != otherPlaces { return places.lexicographicallyPrecedes(otherPlaces) }
        return (rule.rawValue, message) < (other.rule.rawValue, other.message)
    }
}

/// Walks both schemas: packages and services by name, types by name and then by structure.
struct SchemaComparer {
    /// An old type and what it is compared with.
    struct Pair: Hashable {
        let old: TypeID
        let new: TypeID
    }

    let old: Compilation
    let new: Compilation
    private(set) var findings: [BreakingFinding] = []
    /// The new type that each old one has become.
    private(set) var counterparts: [TypeID: TypeID] = [:]
    private var pending: [Pair] = []
    private var compared: Set<Pair> = []
    private var oldWireTexts: [TypeID: String] = [:]
    private var newWireTexts: [TypeID: String] = [:]

    init(old: Compilation, new: Compilation) {
        self.old = old
        self.new = new
    }

    mutating func run() {
        matchByName()
        matchByStructure()
        comparePackages()
        compareServices()
        for (old, new) in counterparts { compare(old, new) }
        while let pair = pending.popLast() { compareDeclarations(pair) }
    }

    /// Compares two types, once, when their turn comes.
    mutating func compare(_ old: TypeID, _ new: TypeID) {
        let pair = Pair(old: old, new: new)
        if compared.insert(pair).inserted { pending.append(pair) }
    }

    mutating func report(
        _ rule: BreakingRule, _ name: String, _ message: String, old: Location, new: Location?
    ) {
        findings.append(
            BreakingFinding(
                rule: rule, name: name, message: Prose.clipped(message), old: old, new: new))
    }

    // MARK: Matching

    private mutating func matchByName() {
        let names = new.schema.types.enumerated().map { ($1.fullName, TypeID(index: $0)) }
        let byName = Dictionary(names) { first, _ in first }
        for (index, type) in old.schema.types.enumerated() {
            counterparts[TypeID(index: index)] = byName[type.fullName]
        }
    }

    /// A type that is gone may live on under another name: one with the same wire text.
    private mutating func matchByStructure() {
        let taken = Set(counterparts.values)
        var free: [String: [TypeID]] = [:]
        let gone = old.schema.types.indices.map(TypeID.init).filter { counterparts[$0] == nil }
        if gone.isEmpty { return }
        for id in new.schema.types.indices.map(TypeID.init) where !taken.contains(id) {
            free[newWireText(id), default: []].append(id)
        }
        for id in gone {
            let text = oldWireText(id)
            let candidates = free[text] ?? []
            let best = candidates.min { likeness(id, $0) < likeness(id, $1) }
            guard let best else { continue }
            counterparts[id] = best
            free[text] = candidates.filter { $0 != best }
        }
    }

    /// How far apart the names of two types and of their members are; the least is the best.
    private func likeness(_ old: TypeID, _ new: TypeID) -> (Int, Int) {
        let (left, right) = (self.old.schema.types[old.index], self.new.schema.types[new.index])
        let names = Set(left.memberNames)
        let shared = right.memberNames.count(where: names.contains)
        return (left.name == right.name ? 0 : 1, -shared)
    }

    mutating func oldWireText(_ type: TypeID) -> String {
        if let known = oldWireTexts[type] { return known }
        let text = WireText.text(of: type, in: old.schema)
        oldWireTexts[type] = text
        return text
    }

    mutating func newWireText(_ type: TypeID) -> String {
        if let known = newWireTexts[type] { return known }
        let text = WireText.text(of: type, in: new.schema)
        newWireTexts[type] = text
        return text
    }

    // MARK: Packages

    private mutating func comparePackages() {
        let byName = Dictionary(new.schema.packages.map { ($0.name, $0) }) { first, _ in first }
        for package in old.schema.packages {
            guard let now = byName[package.name] else {
                report(
                    .callRemoved, package.name, "package '\(package.name)' is gone",
                    old: package.location, new: nil)
                continue
            }
            if package.swiftName != now.swiftName {
                report(
                    .namespaceChanged, package.name,
                    "'\(package.swiftName)' is now '\(now.swiftName)' in Swift",
                    old: package.annotations.location("swift") ?? package.location,
                    new: now.annotations.location("swift") ?? now.location)
            }
        }
        for (index, type) in old.schema.types.enumerated() {
            compareName(type, counterparts[TypeID(index: index)])
        }
    }

    private mutating func compareName(_ type: TypeDeclaration, _ counterpart: TypeID?) {
        guard let counterpart else {
            let package = old.schema.packages[type.package].name
            guard new.schema.packages.contains(where: { $0.name == package }) else { return }
            return report(
                .typeRenamed, type.fullName, "'\(type.name)' is gone", old: type.location, new: nil)
        }
        let now = new.schema.types[counterpart.index]
        guard now.fullName != type.fullName else { return }
        report(
            .typeRenamed, type.fullName, "'\(type.fullName)' is now '\(now.fullName)'",
            old: type.location, new: now.location)
    }

    // MARK: Types

    private mutating func compareDeclarations(_ pair: Pair) {
        switch (old.schema.types[pair.old.index], new.schema.types[pair.new.index]) {
        case (.message(let before), .message(let now)):
            compare(before, now)
            compareDepth(pair, before, now)
        case (.enumeration(let before), .enumeration(let now)):
            compare(before, now)
        case (let before, let now):
            report(
                .typeChanged, before.fullName,
                "'\(before.name)' was \(before.kind) and is \(now.kind)", old: before.location,
                new: now.location)
        }
    }

    private mutating func compareDepth(_ pair: Pair, _ before: Message, _ now: Message) {
        guard before.recursionLimit != nil || now.recursionLimit != nil else { return }
        let depths = (old.bounds.depth(pair.old), new.bounds.depth(pair.new))
        guard depths.1 < depths.0 else { return }
        report(
            .depthLowered, before.fullName,
            "'\(before.name)' may nest \(depths.1) deep, no longer \(depths.0)",
            old: before.annotations.location("depth") ?? before.location,
            new: now.annotations.location("depth") ?? now.location)
    }
}

extension TypeDeclaration {
    /// "a message", "a union" or "an enum".
    var kind: String {
        switch self {
        case .message(let message): message.isUnion ? "a union" : "a message"
        case .enumeration: "an enum"
        }
    }

    fileprivate var memberNames: [String] {
        switch self {
        case .message(let message): message.fields.map(\.name)
        case .enumeration(let enumeration): enumeration.values.map(\.name)
        }
    }
}

extension [Annotation] {
    func location(_ name: String) -> Location? { first { $0.name == name }?.location }
}
