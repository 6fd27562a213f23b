import ArgumentParser
import FeatureCore
import FeatureEngine

/// Says what a feature is.
struct FeaturesExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Says what a feature means and what it is used for.")

    @Option(help: "Folder of definition files.") var definitions: String
    @Argument(help: "The feature's name.") var feature: String

    func run() throws {
        let set = try DefinitionFolder.load(definitions)
        let catalogue = set.catalogue
        guard let found = catalogue.first(where: { $0.name == feature || $0.alias == feature })
        else {
            throw Complaint(
                "no feature \"\(feature)\""
                    + NearestName.hint(feature, among: catalogue.map(\.name)))
        }
        for (key, value) in facts(of: found, in: set) where !value.isEmpty {
            print("\(key): \(value)")
        }
    }

    private func facts(
        of feature: CataloguedFeature, in set: DefinitionSet
    ) -> [(String, String)] {
        let documentation = feature.documentation
        let vectors = set.vectors.filter { vector in
            vector.columns.contains { set.features.features[$0.feature].name == feature.name }
        }
        return [
            ("name", feature.name), ("also", feature.alias ?? ""),
            ("description", documentation.description), ("kind", feature.kind.rawValue),
            ("entity", feature.entity ?? ""), ("type", feature.type),
            ("default", feature.defaultValue.isNaN ? "missing" : "\(feature.defaultValue)"),
            ("window", feature.window.map { "\($0 / 1_000) s" } ?? ""),
            (
                "longer than that by up to",
                feature.hop.flatMap { feature.window == nil ? nil : "\($0 / 1_000) s" } ?? ""
            ),
            ("expression", feature.expression ?? ""), ("when", feature.condition ?? ""),
            ("reads", set.inputs(of: feature).joined(separator: ", ")),
            ("meaning", feature.kind == .derived ? "" : feature.meaning),
            ("owner", documentation.owner), ("sensitivity", documentation.sensitivity.rawValue),
            ("purposes", documentation.purposes.map(\.rawValue).joined(separator: ", ")),
            ("approver", documentation.approver ?? ""),
            ("tags", documentation.tags.joined(separator: ", ")),
            ("vectors", vectors.map { "\($0.name)@\($0.version)" }.joined(separator: ", ")),
        ]
    }
}
