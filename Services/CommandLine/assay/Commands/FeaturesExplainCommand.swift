import ArgumentParser
import AssayMessages
import FeatureCore
import FeatureEngine
import Foundation
import RPC
import Wire

/// Says what a feature is, and where a value of it comes from.
struct FeaturesExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Says what a feature means, or where a value of it comes from.",
        discussion: """
            With --definitions it says what the feature is. With --key or --sequence it asks a \
            running store for the value, what it is computed from, and the events that it counts.
            """)

    @Option(help: "Folder of definition files.") var definitions: String?
    @Option(help: "ENTITY=KEY of the value, such as card=4f2a; may be repeated.")
    var key: [String] = []
    @Option(help: "The value as it was read for the event with this place in the log.")
    var sequence: UInt64?
    @Option(help: "What the value is for; inputs that are not are withheld.")
    var purpose = Purpose.fraud
    @OptionGroup var server: FeatureServerOptions
    @Argument(help: "The feature's name.") var feature: String

    private var asksForValue: Bool { !key.isEmpty || sequence != nil }

    func validate() throws {
        guard definitions != nil || asksForValue else {
            throw ValidationError("name --definitions, or a value by --key or --sequence")
        }
        guard sequence != 0 else {
            throw ValidationError("--sequence is a place in the log, counted from 1")
        }
        _ = try keys()
    }

    func run() async throws {
        if let definitions { try explain(DefinitionFolder.load(definitions)) }
        guard asksForValue else { return }
        let connection = try server.connect(
            scopes: ["features.explain", FeatureAccess.scope(purpose)])
        let found = try await AssayFeaturesV1.FeatureStore.Client(connection.transport).explain(
            AssayFeaturesV1.ExplainRequest(
                feature: feature, keys: try keys(), sequence: sequence ?? 0,
                purpose: AssayFeaturesV1.Purpose(purpose)),
            options: connection.options(.seconds(5)))
        await connection.transport.close()
        for line in found.lines { print(line) }
    }

    private func keys() throws -> WireMap<String, String> {
        var keys: [(String, String)] = []
        for text in key {
            let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2 else {
                throw ValidationError("--key is ENTITY=KEY, not \(text)")
            }
            guard !keys.contains(where: { $0.0 == parts[0] }) else {
                throw ValidationError("--key names \(parts[0]) twice; a value has one of each")
            }
            keys.append((parts[0], parts[1]))
        }
        return WireMap(keys)
    }

    private func explain(_ set: DefinitionSet) throws {
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

    private static func text(_ value: Double) -> String {
        value.isNaN ? "missing" : Int64(exactly: value).map(String.init) ?? "\(value)"
    }

    /// Where values come from, as it stands in the canonical text: `payment where 'amount < 100'`.
    static func events(in meaning: String) -> String {
        guard let start = meaning.range(of: "[\""),
            let end = meaning.range(of: "\"]", range: start.upperBound..<meaning.endIndex)
        else { return "" }
        var text = meaning[start.upperBound..<end.lowerBound].replacing("\", \"", with: "; ")
            .replacing("\\'", with: "'").replacing("\\\"", with: "\"")
        for empty in [" as ''", " where ''", " at ''", " []"] {
            text = text.replacing(empty, with: "")
        }
        return String(text)
    }

    /// Nothing for what has no window, or one without an end.
    private func overshoot(of feature: CataloguedFeature) -> String {
        guard let window = feature.window, let hop = feature.hop, hop < window else { return "" }
        return Window.text(hop)
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
            ("default", Self.text(feature.defaultValue)),
            ("window", feature.window.map(Window.text) ?? ""),
            ("longer than that by up to", overshoot(of: feature)),
            ("expression", feature.expression ?? ""), ("when", feature.condition ?? ""),
            ("reads", set.inputs(of: feature).joined(separator: ", ")),
            ("events", feature.kind == .derived ? "" : Self.events(in: feature.meaning)),
            ("owner", documentation.owner), ("sensitivity", documentation.sensitivity.rawValue),
            ("purposes", documentation.purposes.map(\.rawValue).joined(separator: ", ")),
            ("approver", documentation.approver ?? ""),
            ("tags", documentation.tags.joined(separator: ", ")),
            ("vectors", vectors.map { "\($0.name)@\($0.version)" }.joined(separator: ", ")),
        ]
    }
}
