public import Foundation

/// A model of a reference library with rows and what that library answered for them.
public struct Fixture: CustomStringConvertible, Sendable {
    public let folder: URL

    public var name: String { folder.lastPathComponent }
    public var description: String { name }

    /// Those of this folder.
    public static let own: [Fixture] = list(
        URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures"))

    /// The boosted trees of XGBoost among them.
    public static let xgboost = own.filter {
        $0.name.hasPrefix("xgboost-") && !$0.name.contains("-linear")
    }

    /// One of these by its name.
    public static func named(_ name: String) -> Fixture? { own.first { $0.name == name } }

    /// The wider set, where the checkout has it beside itself.
    public static let shared: [Fixture] = {
        let checkout = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let found = ["..", "../.."].map {
            list(checkout.appending(path: "\($0)/shared/data/models"))
        }
        return found.first { !$0.isEmpty } ?? []
    }()

    /// Both sets, each name once; says so if the wider one is not there.
    public static func all(_ prefix: String) -> [Fixture] {
        if shared.isEmpty { print("no shared/data/models beside the checkout: skipped") }
        let names = Set(own.map(\.name))
        let others = shared.filter { !names.contains($0.name) }
        return (own + others).filter { $0.name.hasPrefix(prefix) }
    }

    private static func list(_ folder: URL) -> [Fixture] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.sorted().map { Fixture(folder: folder.appending(path: $0)) }
    }

    public func has(_ file: String) -> Bool {
        FileManager.default.fileExists(atPath: folder.appending(path: file).path)
    }

    /// What made it.
    public struct About: Decodable, Sendable {
        public let maker: String
        public let version: String

        private enum CodingKeys: String, CodingKey {
            case maker = "library"
            case version
        }
    }

    public func about() throws -> About {
        try JSONDecoder().decode(About.self, from: Data(try bytes("case.json")))
    }

    public func bytes(_ file: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: folder.appending(path: file)))
    }

    /// The model file as its library wrote it.
    public func artifact() throws -> [UInt8] {
        for ending in ["json", "ubj", "txt"] {
            let file = folder.appending(path: "model.\(ending)")
            if FileManager.default.fileExists(atPath: file.path) {
                return [UInt8](try Data(contentsOf: file))
            }
        }
        throw CocoaError(.fileNoSuchFile, userInfo: [NSFilePathErrorKey: folder.path])
    }

    public func rows() throws -> [[Double]] { try table("rows.csv").rows }

    /// The columns whose name starts with `prefix`, per row.
    public func expected(_ prefix: String, in file: String = "expected.csv") throws -> [[Double]] {
        let (header, rows) = try table(file)
        let columns = header.indices.filter { header[$0].hasPrefix(prefix) }
        return rows.map { row in columns.map { row[$0] } }
    }

    /// Numbers are decimal, hexadecimal, "nan" or infinite.
    private func table(_ file: String) throws -> (header: [String], rows: [[Double]]) {
        let text = try String(contentsOf: folder.appending(path: file), encoding: .utf8)
        let lines = text.split(separator: "\n")
        let rows = lines.dropFirst().map { line in
            line.split(separator: ",", omittingEmptySubsequences: false).map {
                Double($0) ?? .nan
            }
        }
        return (lines[0].split(separator: ",").map(String.init), rows)
    }
}
