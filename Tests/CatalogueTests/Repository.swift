import FeatureCore
import FeatureEngine
import Foundation

/// What of the repository the tests of the catalogue read.
enum Repository {
    static let tests = URL(filePath: #filePath).deletingLastPathComponent()
    private static let deploy = tests.deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "deploy")
    static let folder = deploy.appending(path: "definitions").path
    static let facts = deploy.appending(path: "rules/facts.tsv").path

    static func sources() throws -> DefinitionSources { try DefinitionSources(folder: folder) }
    static func definitions() throws -> DefinitionSet { try sources().compile() }

    static func text(_ name: String) throws -> String {
        try String(contentsOf: tests.appending(path: name), encoding: .utf8)
    }
}
