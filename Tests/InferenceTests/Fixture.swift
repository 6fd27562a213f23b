import Foundation
import Inference
import Testing

/// A model of a reference library with rows and what that library answered for them.
struct Fixture: CustomTestStringConvertible, Sendable {
    let folder: URL

    var testDescription: String { folder.lastPathComponent }
    var name: String { folder.lastPathComponent }

    static let own: [Fixture] = list(
        URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures"))

    /// The wider set, where the checkout has it beside itself.
    static let shared: [Fixture] = {
        let checkout = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let found = ["..", "../.."].map {
            list(checkout.appending(path: "\($0)/shared/data/models"))
        }
        return found.first { !$0.isEmpty } ?? []
    }()

    private static func list(_ folder: URL) -> [Fixture] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.sorted().filter { $0.hasPrefix("xgboost-") && !$0.hasSuffix("-ubj") }
            .map { Fixture(folder: folder.appending(path: $0)) }
    }

    func artifact() throws -> [UInt8] {
        [UInt8](try Data(contentsOf: folder.appending(path: "model.json")))
    }

    func rows() throws -> [[Float]] { try table("rows.csv").rows.map { $0.map(Float.init) } }

    /// The columns whose name starts with `prefix`, per row.
    func expected(_ prefix: String, in file: String = "expected.csv") throws -> [[Double]] {
        let (header, rows) = try table(file)
        let columns = header.indices.filter { header[$0].hasPrefix(prefix) }
        return rows.map { row in columns.map { row[$0] } }
    }

    private func table(_ file: String) throws -> (header: [String], rows: [[Double]]) {
        let text = try String(contentsOf: folder.appending(path: file), encoding: .utf8)
        let lines = text.split(separator: "\n")
        let rows = lines.dropFirst().map { line in
            line.split(separator: ",").map { Double($0) ?? .nan }
        }
        return (lines[0].split(separator: ",").map(String.init), rows)
    }
}
