/// What all operations share: how an error looks, header fields, and the parameters of the JSON face
/// (rpc.md §5.2).
enum OpenAPICommon {
    struct ErrorResponse {
        let status: String
        let name: String
        let description: String
        /// Only where a credential is asked for.
        var isOfCredentials = false
        /// Header fields besides the name of the request.
        var headers: [String] = []
    }

    static let errors = [
        ErrorResponse(
            status: "400", name: "InvalidArgument",
            description:
                "The request cannot be read, or breaks a bound: the details name the field."),
        ErrorResponse(
            status: "401", name: "Unauthenticated",
            description: "No credential, or none that is good.", isOfCredentials: true,
            headers: ["WWW-Authenticate"]),
        ErrorResponse(
            status: "403", name: "PermissionDenied",
            description: "The credential is good, and does not grant this.", isOfCredentials: true),
        ErrorResponse(
            status: "404", name: "NotFound",
            description: "There is no such method, or not what the request names."),
        ErrorResponse(
            status: "409", name: "Conflict",
            description: "It exists already, or somebody else has changed it meanwhile."),
        ErrorResponse(
            status: "413", name: "TooLarge",
            description: "The body is larger than the method allows."),
        ErrorResponse(
            status: "429", name: "TooManyRequests",
            description: "Over a limit; the same request may be sent again after `Retry-After`.",
            headers: ["Retry-After", "RateLimit", "RateLimit-Policy"]),
        ErrorResponse(
            status: "503", name: "Unavailable",
            description: "The service cannot be reached, or has too much to do.",
            headers: ["Retry-After"]),
        ErrorResponse(
            status: "504", name: "DeadlineExceeded", description: "The deadline is over."),
    ]

    /// The members of `components` but `schemas`, and the schema of errors among them.
    static var components: JSONObject {
        [
            "parameters": .object(parameters), "headers": .object(headers),
            "responses": .object(responses),
        ]
    }

    static let errorName = "Error"

    /// The schema of errors.
    static var error: JSONText {
        let codes = [
            "canceled", "unknown", "invalid_argument", "deadline_exceeded", "not_found",
            "already_exists", "permission_denied", "resource_exhausted", "failed_precondition",
            "aborted", "out_of_range", "unimplemented", "internal", "unavailable", "data_loss",
            "unauthenticated",
        ]
        let detail: JSONObject = [
            "type": .string("object"),
            "properties": .object([
                "type": .object([
                    "type": .string("string"),
                    "description": .string(
                        "Such as google.rpc.ErrorInfo, google.rpc.BadRequest, google.rpc.RetryInfo."
                    ),
                ]),
                "value": .object([
                    "type": .string("string"), "contentEncoding": .string("base64"),
                    "description": .string("The detail in protobuf's encoding."),
                ]),
                "debug": .object([
                    "type": .string("object"),
                    "description": .string(
                        "The same to read: `reason` of an ErrorInfo, `fieldViolations` of a BadRequest, "
                            + "`retryDelay` of a RetryInfo."),
                ]),
            ]),
            "required": .strings(["type", "value"]),
        ]
        return .object([
            "type": .string("object"),
            "properties": .object([
                "code": .object(["type": .string("string"), "enum": .strings(codes)]),
                "message": .object(["type": .string("string")]),
                "details": .object(["type": .string("array"), "items": .object(detail)]),
            ]),
            "required": .strings(["code"]),
        ])
    }

    // MARK: Parts

    private static var responses: JSONObject {
        var all = JSONObject()
        for error in errors { all.add(error.name, response(error.description, error.headers)) }
        all.add(errorName, response("Any other error.", []))
        return all
    }

    private static func response(_ description: String, _ headers: [String]) -> JSONText {
        var fields = JSONObject()
        for name in ["assay-request-id"] + headers { fields.add(name, .reference("headers", name)) }
        let media: JSONObject = ["schema": .reference("schemas", errorName)]
        return .object([
            "description": .string(description), "headers": .object(fields),
            "content": .object(["application/json": .object(media)]),
        ])
    }

    private static var headers: JSONObject {
        func header(_ description: String, _ type: String, _ example: JSONText) -> JSONText {
            .object([
                "description": .string(description),
                "schema": .object(["type": .string(type), "examples": .array([example])]),
            ])
        }
        return [
            "assay-request-id": header(
                "The name of the request in logs: the caller's, or one that was made.", "string",
                .string("r-5f2c7a90d1e4b386")),
            "RateLimit": header(
                "What is left of the tightest limit, and in how many seconds all of it is there again.",
                "string", .string("\"client\";r=42;t=18")),
            "RateLimit-Policy": header(
                "The tightest limit: how many requests in how many seconds.", "string",
                .string("\"client\";q=100;w=60")),
            "Retry-After": header(
                "Seconds until the same request may be sent again.", "integer", .integer(3)),
            "WWW-Authenticate": header(
                "How to authenticate.", "string", .string("Bearer realm=\"assay\"")),
        ]
    }

    private static var parameters: JSONObject {
        func header(_ name: String, _ description: String, _ schema: JSONObject) -> JSONText {
            parameter(name, "header", description, schema)
        }
        return [
            "connect-timeout-ms": header(
                "connect-timeout-ms",
                "How long the caller waits; the method's own deadline holds if that is sooner.",
                [
                    "type": .string("integer"), "minimum": .integer(0),
                    "maximum": .integer(9_999_999_999),
                ]),
            "x-request-id": header(
                "x-request-id", "A name for the request in logs.",
                ["type": .string("string"), "pattern": .string("^[A-Za-z0-9._-]{1,64}$")]),
            "idempotency-key": header(
                "idempotency-key",
                "Fills the request's idempotency key if the body leaves it out: a second call with "
                    + "the same key has no second effect.",
                ["type": .string("string"), "pattern": .string("^[A-Za-z0-9._:-]{1,64}$")]),
            "encoding": parameter(
                "encoding", "query", "The encoding of `message`.",
                ["type": .string("string"), "const": .string("json")], isRequired: true),
            "base64": parameter(
                "base64", "query", "Whether `message` is base64url.",
                ["type": .string("string"), "const": .string("1")]),
            "connect": parameter(
                "connect", "query", "The version of the protocol.",
                ["type": .string("string"), "const": .string("v1")]),
        ]
    }

    private static func parameter(
        _ name: String, _ place: String, _ description: String, _ schema: JSONObject,
        isRequired: Bool = false
    ) -> JSONText {
        var object: JSONObject = ["name": .string(name), "in": .string(place)]
        if isRequired { object.add("required", .bool(true)) }
        object.add("description", .string(description))
        object.add("schema", .object(schema))
        return .object(object)
    }
}
