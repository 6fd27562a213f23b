internal import Foundation
internal import Yams

/// Reads YAML files into `Decodable` values, strictly: a key that the value does not ask for is an error.
///
/// `Duration` is written `250us`, `2ms`, `60s`, `5m`, `1h` or `7d`.
public enum ConfigurationFile {
    public static let maximumBytes = 4 << 20

    public static func load<Value: Decodable>(
        _ type: Value.Type = Value.self, from path: String
    ) throws(ConfigurationError) -> Value {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw ConfigurationError(
                file: path, line: 0, column: 0, path: "", message: "cannot be read")
        }
        guard data.count <= maximumBytes else {
            throw ConfigurationError(
                file: path, line: 0, column: 0, path: "",
                message: "is larger than \(maximumBytes) bytes")
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw ConfigurationError(
                file: path, line: 0, column: 0, path: "", message: "is not UTF-8")
        }
        return try decode(type, from: text, file: path)
    }

    /// Decodes `text`; `file` is its name in errors.
    public static func decode<Value: Decodable>(
        _ type: Value.Type = Value.self, from text: String, file: String
    ) throws(ConfigurationError) -> Value {
        let root = try compose(text, file: file)
        let document = NodeDecoder.Document(file: file)
        return try NodeDecoder(node: root, path: [], document: document).value(of: type)
    }

    private static func compose(_ text: String, file: String) throws(ConfigurationError) -> Node {
        do {
            return try Yams.compose(yaml: text) ?? .mapping(Node.Mapping([]))
        } catch let error as YamlError {
            throw ConfigurationError(yaml: error, file: file)
        } catch {
            throw ConfigurationError(
                file: file, line: 1, column: 1, path: "", message: "\(error)")
        }
    }
}

extension ConfigurationError {
    fileprivate init(yaml error: YamlError, file: String) {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            self.init(
                file: file, line: mark.line, column: mark.column, path: "", message: problem)
        case .duplicatedKeysInMapping(let keys, let context):
            self.init(
                file: file, line: context.mark.line, column: context.mark.column, path: "",
                message: "key '\(keys.first ?? "")' stands twice")
        case .reader(let problem, _, _, _):
            self.init(file: file, line: 1, column: 1, path: "", message: problem)
        default:
            self.init(file: file, line: 1, column: 1, path: "", message: "is not YAML")
        }
    }
}
