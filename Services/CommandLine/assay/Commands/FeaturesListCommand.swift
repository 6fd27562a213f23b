import ArgumentParser
import FeatureCore
import FeatureEngine

/// Prints what a folder of definitions has.
struct FeaturesListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists entities, features, vectors and their fingerprints.")

    @Option(help: "Folder of definition files.") var definitions: String
    @Option(help: "Only the features of this vector, as NAME or NAME@VERSION, in its order.")
    var vector: String?

    func run() throws {
        let set = try DefinitionFolder.load(definitions)
        if let vector {
            try list(vector, of: set)
            return
        }
        print("definition set \(set.hash.hexadecimal)")
        for entity in set.entities { print(Self.line(entity)) }
        for feature in set.catalogue { print(line(feature)) }
        for vector in set.vectors {
            print(
                "vector\t\(vector.name)@\(vector.version)\t\(vector.purpose.rawValue)\t"
                    + "\(vector.columns.count) features\tsha256:\(vector.fingerprint.hexadecimal)")
        }
    }

    private static func line(_ entity: EntityDefinition) -> String {
        let group = entity.group
        let counts = [
            (group.measures.count, "counters"), (group.tiers.count, "tiers"),
            (group.attributes.count, "attributes"), (group.registers.count, "registers"),
            (group.tables.count, "tables"), (group.recents.count, "lists"),
        ]
        return [
            "entity", entity.name, entity.key.joined(separator: ", "),
            entity.isRelaxed ? "relaxed" : "strict",
            counts.map { "\($0.0) \($0.1)" }.joined(separator: ", "),
        ]
        .joined(separator: "\t")
    }

    private func line(_ feature: CataloguedFeature) -> String {
        let documentation = feature.documentation
        return [
            "feature", feature.name, feature.entity ?? "-", feature.kind.rawValue, feature.type,
            feature.defaultValue.isNaN ? "missing" : "\(feature.defaultValue)",
            documentation.owner, documentation.sensitivity.rawValue,
            documentation.purposes.map(\.rawValue).joined(separator: ","),
            documentation.description,
        ].joined(separator: "\t")
    }

    private func list(_ name: String, of set: DefinitionSet) throws {
        let found = set.vectors.filter { "\($0.name)@\($0.version)" == name || $0.name == name }
        guard let vector = found.max(by: { $0.version < $1.version }) else {
            let names = set.vectors.map { "\($0.name)@\($0.version)" }
            throw Complaint("no vector \"\(name)\"\(NearestName.hint(name, among: names))")
        }
        for (position, column) in vector.columns.enumerated() {
            let feature = set.features.features[column.feature]
            let published = column.name == feature.name ? "" : "\t(\(feature.name))"
            print("\(position + 1)\t\(column.name)\(published)")
        }
    }
}
