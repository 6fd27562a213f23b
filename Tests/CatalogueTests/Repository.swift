import FeatureCore
import FeatureEngine
import Foundation

/// What of the repository the tests of the catalogue read.
enum Repository {
    static let tests = URL(filePath: #filePath).deletingLastPathComponent()
    static let folder = tests.deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "deploy/definitions").path

    static func sources() throws -> DefinitionSources { try DefinitionSources(folder: folder) }
    static func definitions() throws -> DefinitionSet { try sources().compile() }

    static func text(_ name: String) throws -> String {
        try String(contentsOf: tests.appending(path: name), encoding: .utf8)
    }
}
