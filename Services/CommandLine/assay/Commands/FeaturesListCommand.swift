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
        for entity in set.entities {
            print(
                "entity\t\(entity.name)\t\(entity.key.joined(separator: ", "))\t"
                    + "\(entity.isRelaxed ? "relaxed" : "strict")\t"
                    + "\(entity.group.measures.count) counters, \(entity.group.tiers.count) tiers,"
                    + " \(entity.group.attributes.count) attributes,"
                    + " \(entity.group.registers.count) registers,"
                    + " \(entity.group.tables.count) tables, \(entity.group.recents.count) lists")
        }
        for feature in set.catalogue { print(line(feature)) }
        for vector in set.vectors {
            print(
                "vector\t\(vector.name)@\(vector.version)\t\(vector.purpose.rawValue)\t"
                    + "\(vector.columns.count) features\tsha256:\(vector.fingerprint.hexadecimal)")
        }
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
