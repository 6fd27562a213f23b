/// A feature that reads only the event at hand.
struct RequestFeature {
    let name: String
    let field: String
    let type: FeatureType
    let positions: [Int?]
    let defaultValue: Double
    let meaning: String
}

extension DefinitionCompiler {
    /// Expressions read one field of the event: `tx.amount`.
    mutating func compileRequests(_ events: [EventDefinition], _ currency: String)
        -> [RequestFeature]
    {
        let declarations = files.flatMap(\.derived)
        unique(declarations.map(\.name), what: "feature")
        return declarations.compactMap { compile($0, events, currency) }
    }

    private mutating func compile(
        _ derived: DerivedDeclaration, _ events: [EventDefinition], _ currency: String
    ) -> RequestFeature? {
        let text = derived.expression.value
        guard text.hasPrefix("tx."), !text.dropFirst(3).isEmpty else {
            report(
                "expression '\(text)': only a field of the event, such as 'tx.amount', can be"
                    + " read here", at: derived.expression.location)
            return nil
        }
        let field = String(text.dropFirst(3))
        guard let type = FeatureType(rawValue: derived.type.value) else {
            report(
                "unknown type \"\(derived.type.value)\"; the types are int, money, double, bool",
                at: derived.type.location)
            return nil
        }
        let positions = events.map { event in
            event.position(ofField: field).flatMap {
                event.fields[$0].type.rawValue == type.rawValue ? $0 : nil
            }
        }
        guard positions.contains(where: { $0 != nil }) else {
            let names = events.flatMap { $0.fields.map(\.name) }
            let hint = NearestName.hint(field, among: Set(names))
            report(
                "no event type has a field \"\(field)\" of type \(type.rawValue)\(hint)",
                at: derived.expression.location)
            return nil
        }
        let unit = type == .money ? currency : ""
        return RequestFeature(
            name: derived.name.value, field: field, type: type, positions: positions,
            defaultValue: derived.defaultValue,
            meaning: "tx.\(field) \(unit)")
    }

    mutating func compileVectors(
        _ entities: [EntityDefinition], _ requests: [RequestFeature], exponent: Int
    ) -> [VectorDefinition] {
        checkFeatureNames(entities, requests)
        var names: Set<String> = []
        let declarations = files.flatMap(\.vectors).sorted {
            ($0.name.value, $0.version) < ($1.name.value, $1.version)
        }
        return declarations.map { vector in
            if !names.insert("\(vector.name.value)@\(vector.version)").inserted {
                report(
                    "vector \(vector.name.value)@\(vector.version) is declared twice",
                    at: vector.name.location)
            }
            return compile(vector, entities, requests, exponent: exponent)
        }
    }

    /// A name may be put together in two ways: `a` + `b_c` and `a_b` + `c`.
    private mutating func checkFeatureNames(
        _ entities: [EntityDefinition], _ requests: [RequestFeature]
    ) {
        var seen: Set<String> = []
        let all = entities.flatMap { $0.features.map(\.name) } + requests.map(\.name)
        for name in all where !seen.insert(name).inserted {
            guard let location = files.first?.package.location else { return }
            report("two features are named \"\(name)\"", at: location)
        }
    }

    private mutating func compile(
        _ vector: VectorDeclaration, _ entities: [EntityDefinition], _ requests: [RequestFeature],
        exponent: Int
    ) -> VectorDefinition {
        if !(1...1024).contains(vector.entries.count) {
            report("a vector has 1 to 1,024 features", at: vector.name.location)
        }
        unique(vector.entries.map(\.published), what: "feature of the vector")
        var columns: [VectorColumn] = []
        var meanings: [String] = []
        for (position, entry) in vector.entries.enumerated() {
            guard let found = find(entry, entities, requests, exponent: exponent) else { continue }
            columns.append(found.column)
            let column = found.column
            meanings.append(
                "\(position) \(column.name) \(column.type.rawValue)"
                    + " \(column.defaultValue.bitPattern) \(column.divisor) \(found.meaning)")
        }
        let read = Set(
            columns.compactMap { column -> Int? in
                if case .aggregate(let entity, _) = column.source { entity } else { nil }
            })
        return VectorDefinition(
            name: vector.name.value, version: vector.version, purpose: vector.purpose,
            onUnavailable: vector.onUnavailable, columns: columns,
            fingerprint: Digest.sha256(meanings.joined(separator: "\n")),
            entities: read.sorted())
    }

    private mutating func find(
        _ entry: VectorEntry, _ entities: [EntityDefinition], _ requests: [RequestFeature],
        exponent: Int
    ) -> (column: VectorColumn, meaning: String)? {
        let name = entry.feature.value
        var power = 1.0
        for _ in 0..<exponent { power *= 10 }
        func column(
            _ type: FeatureType, _ source: VectorColumn.Source, _ defaultValue: Double
        ) -> VectorColumn {
            VectorColumn(
                name: entry.published.value, type: type, source: source,
                defaultValue: entry.defaultValue ?? defaultValue,
                divisor: entry.isMajor ? power : 1)
        }
        if let request = requests.first(where: { $0.name == name }) {
            if entry.isMajor, request.type != .money { notMoney(entry) }
            let source = VectorColumn.Source.field(
                name: request.field, positions: request.positions)
            return (column(request.type, source, request.defaultValue), request.meaning)
        }
        for (entity, definition) in entities.enumerated() {
            guard
                let position = definition.features.firstIndex(where: {
                    $0.name == name || $0.alias == name
                })
            else {
                continue
            }
            let feature = definition.features[position]
            if entry.isMajor, feature.unit != .money { notMoney(entry) }
            let source = VectorColumn.Source.aggregate(entity: entity, feature: position)
            return (column(feature.type, source, feature.defaultValue), feature.meaning)
        }
        let all = entities.flatMap { $0.features.map(\.name) } + requests.map(\.name)
        report(
            "no feature \"\(name)\"\(NearestName.hint(name, among: all))",
            at: entry.feature.location)
        return nil
    }

    private mutating func notMoney(_ entry: VectorEntry) {
        report(
            "\"\(entry.feature.value)\" is not money: it has no major unit",
            at: entry.feature.location)
    }
}
