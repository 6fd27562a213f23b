internal import Foundation
internal import SchemaCompiler
internal import Wire

/// The golden schemas as files, for everything that reads messages without generated code.
enum GoldenSchemas {
    private static let directory = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "SchemaCompilerTests/Golden")

    /// Both golden schemas, in one compilation.
    static let dynamic: DynamicSchema = {
        let sources = ["conformance", "everything"].flatMap { name in
            files(below: directory.appending(path: "\(name)/schemas"))
        }
        guard let schema = Compilation(sources).dynamicSchema() else {
            preconditionFailure("the golden schemas are not in \(directory.path)")
        }
        return schema
    }()

    private static func files(below root: URL) -> [SourceFile] {
        let names = (try? FileManager.default.subpathsOfDirectory(atPath: root.path)) ?? []
        return names.filter { $0.hasSuffix(".schema") }.compactMap { name in
            (try? Data(contentsOf: root.appending(path: name))).map {
                SourceFile(path: name, bytes: Array($0))
            }
        }
    }
}

/// A message without generated code says exactly what generated code says, errors and limits included.
enum Agreement {
    static func check<M: WireMessage>(
        _ type: M.Type, _ bytes: [UInt8], _ door: Door
    ) throws(PropertyViolation) {
        var expected: (bytes: [UInt8], json: [UInt8], error: WireError?) = ([], [], nil)
        var found = expected
        do {
            let value = try M(decoding: bytes, door: door)
            expected = (value.encoded(), value.json(), nil)
        } catch {
            expected.error = error
        }
        do throws(WireError) {
            let value = try DynamicMessage(
                decoding: bytes, as: M.fullName, in: GoldenSchemas.dynamic, door: door)
            found = (value?.encoded() ?? [], value?.json() ?? [], nil)
        } catch {
            found.error = error
        }
        try require(
            "dynamic", found == expected,
            "\(M.fullName) \(hex(bytes)): \(text(found.error)), not \(text(expected.error))")
    }

    static func check<M: WireMessage>(
        _ type: M.Type, json: [UInt8]
    ) throws(PropertyViolation) {
        var expected: (bytes: [UInt8], error: JSONError?) = ([], nil)
        var found = expected
        do {
            expected.bytes = try M(jsonBytes: json).encoded()
        } catch {
            expected.error = error
        }
        do throws(JSONError) {
            let value = try DynamicMessage(
                jsonBytes: json, as: M.fullName, in: GoldenSchemas.dynamic)
            found.bytes = value?.encoded() ?? []
        } catch {
            found.error = error
        }
        try require(
            "dynamic", found == expected,
            "\(M.fullName) \(String(decoding: json, as: UTF8.self)): \(text(found.error)), not \(text(expected.error))"
        )
    }

    private static func text(_ error: (any Error)?) -> String {
        error.map { "\($0)" } ?? "accepted"
    }
}
