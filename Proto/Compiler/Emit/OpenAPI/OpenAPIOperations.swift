/// The unary methods of a service as operations: POST for each, GET too for those that only read.
///
/// Who may call is not written here: which credentials there are, a gateway knows from its
/// configuration.
struct OpenAPIOperations {
    let schema: Schema
    let bounds: Bounds

    /// One method's operations, and the types that they name.
    struct Entry {
        let path: String
        let post: JSONObject
        /// Nil unless the method is `@readonly`.
        let get: JSONObject?
        let types: [TypeID]
    }

    /// In the order of the schemas.
    var all: [Entry] {
        schema.services.flatMap { service in
            service.methods.filter { !$0.streamsRequest && !$0.streamsResponse }
                .map { entry($0, of: service) }
        }
    }

    private func entry(_ method: Method, of service: Service) -> Entry {
        var get: JSONObject?
        if method.policy.idempotency == .readonly { get = operation(method, service, isGet: true) }
        return Entry(
            path: "/\(service.fullName)/\(method.name)",
            post: operation(method, service, isGet: false), get: get,
            types: [method.request, method.response])
    }

    private func operation(_ method: Method, _ service: Service, isGet: Bool) -> JSONObject {
        let name = "\(service.fullName).\(method.name)"
        let policy = method.policy
        var object: JSONObject = ["tags": .strings([service.fullName])]
        object.add("summary", .string(method.name))
        object.add("description", OpenAPISchemas.description(method.doc))
        object.add("operationId", .string(isGet ? "\(name).get" : name))
        object.add("parameters", .array(parameters(method, isGet: isGet)))
        if !isGet {
            object.add(
                "requestBody",
                .object([
                    "required": .bool(true), "content": .object(content(method.request, true)),
                ]))
        }
        object.add("responses", .object(responses(method, isGet: isGet)))
        object.add("x-cost", .integer(Int128(policy.cost)))
        if let deadline = policy.deadlineNanoseconds {
            object.add("x-deadline-ms", .integer(Int128(deadline / 1_000_000)))
        }
        if let limit = bounds.limit(method.request, explicit: policy.maximumRequestBytes) {
            // Texts are longer than what they stand for.
            object.add("x-maximum-request-bytes", .integer(Int128(limit) * 4))
        }
        return object
    }

    private func content(_ type: TypeID, _ withExample: Bool) -> JSONObject {
        var media: JSONObject = ["schema": OpenAPISchemas.reference(schema.types[type.index])]
        if withExample { media.add("example", OpenAPIExample.json(of: type, in: schema)) }
        return ["application/json": .object(media)]
    }

    // MARK: Parameters

    private func parameters(_ method: Method, isGet: Bool) -> [JSONText] {
        var all = ["connect-timeout-ms", "x-request-id"]
        if case .keyed = method.policy.idempotency { all.append("idempotency-key") }
        var parameters = all.map { JSONText.reference("parameters", $0) }
        guard isGet else { return parameters }
        parameters.append(.reference("parameters", "encoding"))
        parameters.append(
            .object([
                "name": .string("message"), "in": .string("query"), "required": .bool(true),
                "description": .string("The request; with base64=1 its base64url."),
                "content": .object(content(method.request, true)),
            ]))
        parameters += ["base64", "connect"].map { .reference("parameters", $0) }
        return parameters
    }

    // MARK: Responses

    private func responses(_ method: Method, isGet: Bool) -> JSONObject {
        let headers = ["assay-request-id", "RateLimit", "RateLimit-Policy"].map { name in
            (name, JSONText.reference("headers", name))
        }
        var fields = JSONObject()
        for (name, value) in headers { fields.add(name, value) }
        var success: JSONObject = [
            "description": .string(schema.types[method.response.index].fullName)
        ]
        success.add("headers", .object(fields))
        success.add("content", .object(content(method.response, false)))
        var responses: JSONObject = ["200": .object(success)]
        for error in OpenAPICommon.errors {
            if error.isOfCredentials, method.policy.access == .public { continue }
            responses.add(error.status, .reference("responses", error.name))
        }
        responses.add("default", .reference("responses", "Error"))
        return responses
    }
}
