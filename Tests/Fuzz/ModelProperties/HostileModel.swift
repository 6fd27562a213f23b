internal import Inference
internal import ModelFixtures

/// A file that asks for more than it gives, or is no tree, in any size: what the tests refuse in
/// small and `hostile-models` measures in large.
public struct HostileModel: Sendable {
    public let name: String
    /// A part of the path that its refusal names; nil if it is a model, however strange.
    public let path: String?
    /// The file, of about so many bytes if it can have any size.
    public let make: @Sendable (_ size: Int) -> [UInt8]

    /// Loads and compiles the file: the bytes that the finished model holds, or why it was refused.
    public func load(_ bytes: [UInt8]) -> Result<Int, ModelFileRefusal> {
        do {
            let model = try ModelFile.load(bytes, LoadOptions(rounds: .all))
            return .success(CompiledModel(model).byteCount)
        } catch {
            return .failure(
                ModelFileRefusal(path: error.path, offset: error.offset, text: error.description))
        }
    }

    public static let all = wide + dense + xgboost + ubjson + lightgbm + catboost + own
}

/// Where and why a file was refused.
public struct ModelFileRefusal: Error, Sendable, CustomStringConvertible {
    public let path: String
    /// -1 where the place is a line.
    public let offset: Int
    public let text: String

    public var description: String { text }
}

/// What a text or a list is made of, so often that it has about `size` bytes.
func repeated(_ unit: String, _ size: Int, separator: String = ",") -> String {
    let count = max(1, size / (unit.utf8.count + separator.utf8.count))
    return [String](repeating: unit, count: count).joined(separator: separator)
}

// MARK: Documents of any kind

extension HostileModel {
    /// Much of something that no model has much of.
    private static let wide: [HostileModel] = [
        document("lists of nothing", "$") { "[\(repeated("[]", $0))]" },
        document("objects of nothing", "$") { "[\(repeated("{}", $0))]" },
        document("lists in lists", "$.learner[0][0]") { String(repeating: "[", count: $0) },
        document("objects in objects", "$.learner.a.a") {
            String(repeating: #"{"a":"#, count: max(200, $0 / 5))
        },
        document("one long text", "$.learner") {
            "\"\(String(repeating: "x", count: $0 + 70_000))\""
        },
        document("one long number", "$.learner") { String(repeating: "9", count: max($0, 200)) },
        document("a number with a long exponent", "$.learner") {
            "1e" + String(repeating: "9", count: max($0, 200))
        },
        document("many keys", "$.learner") { size in
            "{" + (0..<max(200, size / 10)).map { #""k\#($0)":0"# }.joined(separator: ",") + "}"
        },
        document("the same key at the end", "$.learner") {
            #"{"b":0,"a":[\#(repeated("0", $0))],"b":0}"#
        },
        document("half a surrogate", "$.learner") { #""\#(repeated("a", min($0, 9_000)))\ud83d""# },
        HostileModel(name: "blanks", path: "$") { [UInt8](repeating: 32, count: $0) },
        HostileModel(name: "bytes after the end", path: "$") {
            SmallModel().bytes + [UInt8](repeating: 0, count: $0)
        },
    ]

    private static func document(
        _ name: String, _ path: String, _ learner: @escaping @Sendable (Int) -> String
    ) -> HostileModel {
        HostileModel(name: name, path: path) { Array("{\"learner\":\(learner($0))}".utf8) }
    }
}
