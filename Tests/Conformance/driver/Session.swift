internal import Foundation
internal import SchemaCompiler
internal import Wire

/// The current schema, and what is answered about it.
struct Session {
    private var schema: DynamicSchema?

    /// The reply to one line.
    mutating func reply(to line: String) -> Data {
        var reply: [String: Any]
        var id: Any?
        do throws(RequestError) {
            let request = try Request(line)
            id = request.id
            reply = try answer(request)
        } catch {
            reply = ["error": ["kind": error.kind, "message": error.message]]
        }
        reply["id"] = id ?? NSNull()
        let options: JSONSerialization.WritingOptions = [.sortedKeys, .withoutEscapingSlashes]
        return (try? JSONSerialization.data(withJSONObject: reply, options: options)) ?? Data()
    }

    private mutating func answer(_ request: Request) throws(RequestError) -> [String: Any] {
        switch request.operation {
        case "encode": return try encode(request)
        case "decode": return try decode(request)
        case nil:
            if let text = request.schema {
                let source = SourceFile(path: "request.schema", text: text)
                return choose(Compilation([source], archive: true), request)
            }
            if let files = request.files {
                return choose(
                    Compilation(files.map { SourceFile(path: $0.key, text: $0.value) }), request)
            }
            throw RequestError(message: "expected 'op', 'schema' or 'files'")
        case let operation?: throw RequestError(message: "unknown op '\(operation)'")
        }
    }

    // MARK: Schema

    private mutating func choose(_ compilation: Compilation, _ request: Request) -> [String: Any] {
        schema = compilation.dynamicSchema()
        let files = request.flag("proto", default: true) ? compilation.protoFiles() : []
        return [
            "ok": schema != nil,
            "diagnostics": compilation.diagnostics.map { diagnostic in
                [
                    "code": diagnostic.code.rawValue, "severity": diagnostic.severity.rawValue,
                    "message": diagnostic.message, "text": compilation.rendered(diagnostic),
                ]
            },
            "types": schema?.typeNames ?? [],
            "proto": Dictionary(files.map { ($0.path, $0.text) }, uniquingKeysWith: { $1 }),
        ]
    }

    private func current() throws(RequestError) -> DynamicSchema {
        guard let schema else { throw RequestError(message: "there is no current schema") }
        return schema
    }

    private func unknown(_ type: String) -> RequestError {
        RequestError(kind: "type", message: "no message or union is called '\(type)'")
    }

    // MARK: Messages

    private func encode(_ request: Request) throws(RequestError) -> [String: Any] {
        let schema = try current()
        let type = try request.text("type")
        let document = try request.document()
        do throws(JSONError) {
            guard
                let message = try DynamicMessage(jsonBytes: document, as: type, in: schema)
            else { return error(unknown(type)) }
            return complete(["hex": Hex.encode(message.encoded())], message, request)
        } catch {
            return [
                "error": [
                    "kind": "json", "code": "\(error.code)", "path": error.path,
                    "message": error.message, "offset": error.offset,
                ] as [String: Any]
            ]
        }
    }

    private func decode(_ request: Request) throws(RequestError) -> [String: Any] {
        let schema = try current()
        let type = try request.text("type")
        let bytes = try request.bytes("hex")
        let door = try request.door()
        let limits = try request.limits()
        do throws(WireError) {
            guard
                let message = try DynamicMessage(
                    decoding: bytes, as: type, in: schema, door: door, limits: limits)
            else { return error(unknown(type)) }
            let accepted: [String: Any] = [
                "accepted": true, "hex": Hex.encode(message.encoded()),
                "json": String(decoding: message.json(), as: UTF8.self),
            ]
            return complete(accepted, message, request)
        } catch {
            return [
                "accepted": false, "rule": error.rule.map { "R\($0)" } ?? NSNull(),
                "code": "\(error.code)", "offset": error.offset, "path": error.path,
                "message": error.description,
            ] as [String: Any]
        }
    }

    private func error(_ error: RequestError) -> [String: Any] {
        ["error": ["kind": error.kind, "message": error.message]]
    }

    /// With what breaks the bounds of the schema, if that is asked for.
    private func complete(
        _ reply: [String: Any], _ message: DynamicMessage, _ request: Request
    ) -> [String: Any] {
        guard request.flag("validate") else { return reply }
        var reply = reply
        reply["violations"] = message.violations().map { violation in
            ["path": violation.path, "rule": violation.rule, "limit": violation.limit]
        }
        return reply
    }
}
