internal import AssayMessages
internal import RPC

/// `grpc.reflection.v1`.
struct ReflectionService: GRPCReflectionV1.ServerReflection.Service {
    private typealias Messages = GRPCReflectionV1
    let index: ReflectionIndex

    func serverReflectionInfo(
        _ requests: RequestStream<GRPCReflectionV1.ServerReflectionRequest>,
        replies: ReplyWriter<GRPCReflectionV1.ServerReflectionResponse>, context: ServerContext
    ) async throws {
        var conversation = ReflectionConversation(index: index)
        for try await request in requests {
            let answer = try conversation.answer(Self.question(request.messageRequest))
            try await replies.write(
                Messages.ServerReflectionResponse(
                    validHost: request.host, originalRequest: request,
                    messageResponse: Self.response(answer)))
        }
    }

    private static func question(
        _ request: Messages.ServerReflectionRequest.MessageRequest?
    ) -> ReflectionIndex.Question {
        switch request {
        case .fileByFilename(let name): .file(named: name)
        case .fileContainingSymbol(let symbol): .fileDeclaring(symbol)
        case .fileContainingExtension(let wanted):
            .fileExtending(wanted.containingType, number: wanted.extensionNumber)
        case .allExtensionNumbersOfType(let type): .extensionNumbers(of: type)
        case .listServices: .services
        case nil: .none
        }
    }

    private static func response(
        _ answer: ReflectionIndex.Answer
    ) -> Messages.ServerReflectionResponse.MessageResponse {
        switch answer {
        case .files(let files):
            .fileDescriptorResponse(
                Messages.FileDescriptorResponse(fileDescriptorProto: files.map(\.bytes)))
        case .extensionNumbers(let type):
            .allExtensionNumbersResponse(Messages.ExtensionNumberResponse(baseTypeName: type))
        case .services(let names):
            .listServicesResponse(
                Messages.ListServiceResponse(
                    service: names.map { Messages.ServiceResponse(name: $0) }))
        case .failure(let code, let message):
            .errorResponse(
                Messages.ErrorResponse(errorCode: Int32(code.rawValue), errorMessage: message))
        }
    }
}
