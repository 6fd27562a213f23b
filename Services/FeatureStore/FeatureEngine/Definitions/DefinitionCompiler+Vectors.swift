extension DefinitionCompiler {
    mutating func compileVectors(_ features: FeatureSet, exponent: Int) -> [VectorDefinition] {
        var names: Set<String> = []
        let declarations = files.flatMap(\.vectors).sorted {
            ($0.name.value, $0.version) < ($1.name.value, $1.version)
        }
        let vectors = declarations.map { vector in
            if !names.insert("\(vector.name.value)@\(vector.version)").inserted {
                report(
                    "vector \(vector.name.value)@\(vector.version) is declared twice",
                    at: vector.name.location)
            }
            return compile(vector, features, exponent: exponent)
        }
        // A call may ask for any of them together.
        let read = Set(vectors.flatMap(\.columns).flatMap { features.entities(of: $0.feature) })
        if read.count > VectorPlan.maximumParts, let first = declarations.first {
            report(
                "the vectors read \(read.count) entity types, each role counted; at most"
                    + " \(VectorPlan.maximumParts)", at: first.name.location)
        }
        return vectors
    }

    private mutating func compile(
        _ vector: VectorDeclaration, _ features: FeatureSet, exponent: Int
    ) -> VectorDefinition {
        if !(1...1024).contains(vector.entries.count) {
            report("a vector has 1 to 1,024 features", at: vector.name.location)
        }
        unique(vector.entries.map(\.published), what: "feature of the vector")
        let columns = vector.entries.compactMap { column($0, features, exponent: exponent) }
        let meanings = columns.enumerated().map { position, column in
            let feature = features.features[column.feature]
            let defaultValue = column.defaultValue ?? feature.defaultValue / column.divisor
            return "\(position) \(column.name) \(feature.type) \(defaultValue.bitPattern)"
                + " \(column.divisor) \(feature.meaning)"
        }
        let entities = Set(columns.flatMap { features.entities(of: $0.feature).map(\.entity) })
        return VectorDefinition(
            name: vector.name.value, version: vector.version, purpose: vector.purpose,
            onUnavailable: vector.onUnavailable, columns: columns,
            fingerprint: Digest.sha256(meanings.joined(separator: "\n")),
            entities: entities.sorted())
    }

    private mutating func column(
        _ entry: VectorEntry, _ features: FeatureSet, exponent: Int
    ) -> VectorColumn? {
        guard let position = features.feature(named: entry.feature.value) else {
            unknown("feature", entry.feature, among: Array(features.names))
            return nil
        }
        if entry.isMajor, features.features[position].unit != .money {
            report(
                "\"\(entry.feature.value)\" is not money: it has no major unit",
                at: entry.feature.location)
        }
        let scale = (0..<exponent).reduce(1.0) { power, _ in power * 10 }
        return VectorColumn(
            name: entry.published.value, feature: position, divisor: entry.isMajor ? scale : 1,
            defaultValue: entry.defaultValue)
    }
}
