/// What a set may say but probably does not mean.
enum DefinitionLints {
    /// What reading a vector may take before it is worth a word, in nanoseconds.
    static let maximumReadCost = 100_000

    static func all(of set: DefinitionSet) -> [String] {
        labelsWithoutLag(set) + dearVectors(set) + wideTables(set)
    }

    // MARK: Labels

    /// A feature that counts labels, and whether it counts them where they cannot be known yet.
    struct LabelCount {
        let feature: String
        let event: String
        /// It counts a label at the time of what the label is about: a model trained on it has
        /// seen the answer.
        let isLeak: Bool
    }

    static func labelCounts(_ set: DefinitionSet) -> [LabelCount] {
        set.entities.flatMap { entity in
            let features = entity.features.compactMap { feature -> LabelCount? in
                guard case .aggregate(let read) = feature.read, read.lag == nil else { return nil }
                return labelCount(feature.name, read.measure, of: entity, set)
            }
            let counts = entity.counts.compactMap { counts in
                counts.lag == nil ? labelCount(counts.name, counts.measure, of: entity, set) : nil
            }
            return features + counts
        }
    }

    /// Nil if no label is counted.
    private static func labelCount(
        _ feature: String, _ measure: Int, of entity: EntityDefinition, _ set: DefinitionSet
    ) -> LabelCount? {
        let sources = entity.group.measures[measure].sources.filter {
            set.events[$0.event].kind == .label
        }
        guard let first = sources.first else { return nil }
        let leak = sources.first { $0.time != nil }
        return LabelCount(
            feature: feature, event: set.events[(leak ?? first).event].name, isLeak: leak != nil)
    }

    private static func labelsWithoutLag(_ set: DefinitionSet) -> [String] {
        labelCounts(set).filter { !$0.isLeak }.map {
            "\($0.feature) counts \($0.event) events without a lag: labels that come late make it"
                + " grow after the fact"
        }
    }

    // MARK: Costs

    private static func dearVectors(_ set: DefinitionSet) -> [String] {
        set.vectors.compactMap { vector in
            let cost = set.readCost(of: vector)
            guard cost > maximumReadCost else { return nil }
            return "vector \(vector.reference) takes about \(cost / 1_000) µs to read, over"
                + " \(maximumReadCost / 1_000)"
        }
    }

    private static func wideTables(_ set: DefinitionSet) -> [String] {
        set.entities.flatMap { entity in
            zip(entity.group.tables, entity.tables).filter { $0.0.rows > 256 }.map {
                "table \($0.1.name) of \(entity.name) keeps \($0.0.rows) rows: each apply and read"
                    + " may go through them"
            }
        }
    }
}

extension DefinitionSet {
    /// About how long the states' part of a read takes, in nanoseconds: every tile of a window is
    /// added up once per counter, every value of an attribute looked at once.
    func readCost(of vector: VectorDefinition) -> Int {
        let names = Set(features(of: vector).flatMap { inputs(of: $0) })
        return entities.reduce(0) { $0 + readCost(of: $1, names) }
    }

    private func readCost(of entity: EntityDefinition, _ names: Set<String>) -> Int {
        var cells: [String: Int] = [:]
        var attributes: Set<Int> = []
        for feature in entity.features where names.contains(feature.name) {
            switch feature.read {
            case .aggregate(let read):
                let tier = entity.group.tiers[read.tier]
                let tiles = tier == .ever ? 1 : Int(read.window / tier.hop) + 1
                cells["\(read.tier) \(read.window) \(read.measure)"] = 20 + tiles
            case .attribute(let read): attributes.insert(read.attribute)
            case .register: cells[feature.name] = 10
            }
        }
        let values = attributes.reduce(0) { sum, index in
            let attribute = entity.group.attributes[index]
            return sum + attribute.exact + 4 << attribute.sketchBits
        }
        return cells.values.reduce(0, +) + values
    }
}
