/// What differs between two sets.
struct SetComparison {
    private(set) var changes: [DefinitionPlan.Change] = []
    private(set) var newFeatures: [CataloguedFeature] = []
    /// Entities of the set after whose states are new, or keep something else.
    private(set) var grownEntities: [EntityDefinition] = []
    private let before: DefinitionSet?
    private let after: DefinitionSet
    private let pinned: Set<String>
    /// By name of a feature, the vectors of the set after that publish it.
    private var vectors: [String: [String]] = [:]

    init(_ before: DefinitionSet?, _ after: DefinitionSet, pinned: Set<String>) {
        self.before = before
        self.after = after
        self.pinned = pinned
        for vector in after.vectors {
            for feature in Set(after.features(of: vector)) {
                vectors[feature, default: []].append(vector.reference)
            }
        }
        compareEntities()
        compareFeatures()
        compareVectors()
        compareEvents()
        compareReferenceData()
    }

    private mutating func add(
        _ kind: DefinitionPlan.Class, _ subject: String, _ text: String,
        reaching features: [String] = [], refusal: String? = nil
    ) {
        let reached = Set(features.flatMap { vectors[$0] ?? [] }).sorted()
        changes.append(
            DefinitionPlan.Change(
                class: kind, subject: subject, text: text, vectors: reached, refusal: refusal))
    }

    /// Refused: under its old name it would be something else.
    private mutating func refuse(_ subject: String, _ text: String, reaching: [String] = []) {
        add(.change, subject, text, reaching: reaching, refusal: "take a new name")
    }

    // MARK: Entities

    private mutating func compareEntities() {
        let known = Dictionary(
            (before?.entities ?? []).map { ($0.name, $0) }, uniquingKeysWith: { a, _ in a })
        for entity in after.entities {
            let subject = "entity \(entity.name)"
            guard let old = known[entity.name] else {
                grownEntities.append(entity)
                add(.grow, subject, "is new", reaching: entity.features.map(\.name))
                continue
            }
            if old.key != entity.key { refuse(subject, "has another key") }
            if old.short != entity.short {
                add(.note, subject, "is called \(entity.short) for short, not \(old.short)")
            }
            if old.isRelaxed != entity.isRelaxed {
                add(.note, subject, "is \(entity.isRelaxed ? "relaxed" : "strict") from now on")
            }
            compareStates(old, entity)
        }
        for name in known.keys.sorted() where after.entity(named: name) == nil {
            add(.remove, "entity \(name)", "is gone, with its states")
        }
    }

    private mutating func compareStates(_ old: EntityDefinition, _ entity: EntityDefinition) {
        guard old.meaning != entity.meaning else { return }
        let more = entity.parts.subtracting(old.parts)
        let less = old.parts.subtracting(entity.parts)
        grownEntities.append(entity)
        let reached = entity.features.map(\.name)
        if !more.isEmpty || less.isEmpty {
            add(
                .grow, "entity \(entity.name)",
                "keeps \(more.count) more in each state: \(Self.few(more))", reaching: reached)
        }
        if !less.isEmpty {
            add(
                .remove, "entity \(entity.name)",
                "keeps \(less.count) less in each state: \(Self.few(less))", reaching: reached)
        }
    }

    private static func few(_ parts: Set<String>) -> String {
        let shown = parts.sorted().prefix(3).map(readable).joined(separator: "; ")
        return parts.count > 3 ? shown + "; …" : shown
    }

    /// A canonical text without the marks that make it so.
    private static func readable(_ part: String) -> String {
        var text = part.replacing("\\'", with: "'").replacing("\\\"", with: "\"")
        for empty in [" as ''", " where ''", " at ''"] { text = text.replacing(empty, with: "") }
        return text.replacing("[\"", with: "").replacing("\"]", with: "")
            .trimmingSuffix(while: { $0 == " " })
    }

    // MARK: Features

    private mutating func compareFeatures() {
        let old = Dictionary(
            (before?.catalogue ?? []).map { ($0.name, $0) }, uniquingKeysWith: { a, _ in a })
        let new = Dictionary(
            after.catalogue.map { ($0.name, $0) }, uniquingKeysWith: { a, _ in a })
        let gone = old.filter { new[$0.key] == nil }
        // What means the same under another name is only renamed.
        var renamed: [String: String] = [:]
        for feature in gone.values.sorted(by: { $0.name < $1.name }) {
            renamed[feature.definition] = renamed[feature.definition] ?? feature.name
        }
        var taken: Set<String> = []
        for feature in new.values.sorted(by: { $0.name < $1.name }) {
            if let known = old[feature.name] {
                compare(known, feature)
            } else if let name = renamed[feature.definition], taken.insert(name).inserted {
                add(
                    .note, "feature \(feature.name)", "was called \(name)",
                    reaching: [feature.name])
            } else {
                newFeatures.append(feature)
                add(
                    isKept(feature) ? .free : .grow, "feature \(feature.name)", "is new",
                    reaching: [feature.name])
            }
        }
        for name in gone.keys.sorted() where !taken.contains(name) {
            add(.remove, "feature \(name)", "is gone")
        }
    }

    private mutating func compare(_ old: CataloguedFeature, _ new: CataloguedFeature) {
        if old.definition != new.definition {
            var what: [String] = []
            if old.type != new.type { what.append("its type was \(old.type), is \(new.type)") }
            if old.defaultValue.bitPattern != new.defaultValue.bitPattern {
                what.append("its default was \(old.defaultValue), is \(new.defaultValue)")
            }
            if old.meaning != new.meaning { what.append("it means something else") }
            refuse(
                "feature \(new.name)", what.joined(separator: "; "), reaching: [new.name])
        }
        if old.documentation != new.documentation {
            add(.note, "feature \(new.name)", "is described otherwise")
        }
    }

    /// Whether the states of the set before hold all that a new feature reads.
    private func isKept(_ feature: CataloguedFeature) -> Bool {
        after.entities(readBy: feature).allSatisfy { name in
            guard let before, let old = before.entity(named: name),
                let new = after.entity(named: name)
            else {
                return false
            }
            return before.entities[old].meaning == after.entities[new].meaning
        }
    }

    // MARK: Vectors

    private mutating func compareVectors() {
        let old = Dictionary(
            (before?.vectors ?? []).map { ($0.reference, $0) }, uniquingKeysWith: { a, _ in a })
        for vector in after.vectors {
            let subject = "vector \(vector.reference)"
            guard let known = old[vector.reference] else {
                add(.free, subject, "is new, with \(vector.columns.count) features")
                continue
            }
            if known.fingerprint != vector.fingerprint {
                add(
                    .change, subject, "has another fingerprint",
                    refusal: "give it a new @version")
            }
            if known.purpose != vector.purpose {
                refuse(
                    subject, "is for \(vector.purpose.rawValue), was for \(known.purpose.rawValue)")
            }
            if known.onUnavailable != vector.onUnavailable {
                add(.note, subject, "on_unavailable is \(vector.onUnavailable.rawValue)")
            }
        }
        let names = Set(after.vectors.map(\.reference))
        for name in old.keys.sorted() where !names.contains(name) {
            add(
                .remove, "vector \(name)", "is gone",
                refusal: pinned.contains(name) ? "a live model pins it" : nil)
        }
    }

    // MARK: Events and reference data

    private mutating func compareEvents() {
        let old = Dictionary(
            (before?.events ?? []).map { ($0.name, $0) }, uniquingKeysWith: { a, _ in a })
        for event in after.events {
            guard let known = old[event.name] else {
                add(.free, "event \(event.name)", "is new")
                continue
            }
            compare(known, event)
        }
        for name in old.keys.sorted() where after.event(named: name) == nil {
            add(.remove, "event \(name)", "is gone")
        }
    }

    /// Whether a counter takes the field: where it is required, the counter counts events, too.
    private func isCounted(_ field: Int, of event: EventDefinition) -> Bool {
        let type = after.event(named: event.name)
        return after.entities.flatMap(\.group.measures).flatMap(\.sources).contains {
            $0.event == type && $0.values == [field]
        }
    }

    private mutating func compare(_ old: EventDefinition, _ new: EventDefinition) {
        let subject = "event \(new.name)"
        if old.kind != new.kind {
            refuse(subject, "is a \(new.kind.rawValue), was a \(old.kind.rawValue)")
        }
        for (position, field) in new.fields.enumerated() where field.isGiven && field.isRequired {
            let wasRequired = old.fields.first { $0.name == field.name }?.isRequired ?? false
            guard !wasRequired, isCounted(position, of: new) else { continue }
            add(
                .change, subject, "requires the field \(field.name)",
                refusal: "events of before may lack it, and would no longer be counted; a check can"
                    + " require it of new ones: has(\(field.name))")
        }
        for field in new.fields {
            guard let position = old.fields.firstIndex(where: { $0.name == field.name }) else {
                if field.isGiven { add(.free, subject, "has the field \(field.name)") }
                continue
            }
            let known = old.fields[position]
            let (was, now) = (typeName(known, before), typeName(field, after))
            if was != now { refuse(subject, "field \(field.name) was \(was), is \(now)") }
            if known.rules != field.rules {
                add(.note, subject, "field \(field.name) is checked otherwise")
            }
        }
        let names = Set(new.fields.map(\.name))
        for field in old.fields where field.isGiven && !names.contains(field.name) {
            add(.remove, subject, "has no field \(field.name) any more")
        }
        if old.maximumLateness != new.maximumLateness {
            add(.note, subject, "may be \(new.maximumLateness / 1_000) s late")
        }
        let checks = new.checks.map(\.meaning)
        if old.checks.map(\.meaning) != checks { add(.note, subject, "has other checks") }
    }

    private func typeName(_ field: FieldDefinition, _ set: DefinitionSet?) -> String {
        guard let enumeration = field.enumeration, let set else { return field.type.rawValue }
        return set.enumerations[enumeration].name
    }

    private mutating func compareReferenceData() {
        let labels = Dictionary(
            (before?.enumerations ?? []).map { ($0.name, $0.labels) },
            uniquingKeysWith: { a, _ in a })
        for enumeration in after.enumerations {
            guard let old = labels[enumeration.name], old != enumeration.labels else { continue }
            let subject = "enumeration \(enumeration.name)"
            if enumeration.labels.starts(with: old) {
                add(.free, subject, "has \(enumeration.labels.count - old.count) more labels")
            } else {
                add(
                    .change, subject, "its codes mean other labels",
                    refusal: "append new labels, and keep the others in their order")
            }
        }
        let old = before?.reference.hashes ?? [:]
        for (name, hash) in after.reference.hashes.sorted(by: { $0.key < $1.key })
        where old[name] != hash {
            add(.note, "reference \(name)", old[name] == nil ? "is new" : "has other values")
        }
        for name in old.keys.sorted() where after.reference.hashes[name] == nil {
            add(.remove, "reference \(name)", "is gone")
        }
    }
}

extension VectorDefinition {
    /// `name@version`
    var reference: String { "\(name)@\(version)" }
}

extension CheckDefinition {
    fileprivate var meaning: String {
        "\(name) \(ExpressionText.canonical(expression.value)) \(policy.rawValue)"
    }
}

extension FieldDefinition {
    /// What is checked of its values.
    fileprivate var rules: String {
        "\(minimum.map(String.init) ?? "") \(maximum.map(String.init) ?? "")"
            + " \(maximumLength.map(String.init) ?? "") \(isRequired)"
    }
}

extension String {
    fileprivate func trimmingSuffix(while isTrimmed: (Character) -> Bool) -> String {
        var text = self[...]
        while let last = text.last, isTrimmed(last) { text.removeLast() }
        return String(text)
    }
}
