import ArgumentParser
import AssayMessages
import Foundation
import RPC
import Wire

/// Sends one request and prints the decision.
struct AssessCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "assess", abstract: "Sends one request through the gateway.",
        subcommands: [Transaction.self, Credit.self])

    struct Transaction: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Decides on one payment.")
        @OptionGroup var service: DecisionsOptions
        @OptionGroup var request: RequestOptions

        func run() async throws {
            let message =
                try request.read() ?? ExampleRequests.transaction()
            let response = try await service.call { client, options in
                try await client.assessTransaction(message, options: options)
            }
            request.show(response.decision, replayed: response.replayed, json: response.json())
        }
    }

    struct Credit: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Decides on one loan application.")
        @OptionGroup var service: DecisionsOptions
        @OptionGroup var request: RequestOptions

        func run() async throws {
            let message: AssayRiskV1.AssessCreditRequest
            if let given: AssayRiskV1.AssessCreditRequest = try request.read() {
                message = given
            } else {
                let file = try service.place.workspace.shipped(
                    "examples", "credit", "heldout.jsonl")
                guard let first = try Applicant.read(file).first else {
                    throw Complaint("\(file) is empty")
                }
                message = first.request
            }
            let response = try await service.call { client, options in
                try await client.assessCredit(message, options: options)
            }
            request.show(response.decision, replayed: response.replayed, json: response.json())
        }
    }
}

/// What both kinds of request share.
struct RequestOptions: ParsableArguments {
    @Argument(help: "JSON file as the JSON face takes it; - is standard input; absent: an example.")
    var file: String?

    @Flag(help: "Print the reply as JSON.")
    var json = false

    func read<Message: WireMessage>() throws -> Message? {
        guard let file else { return nil }
        let data: Data
        if file == "-" {
            data = FileHandle.standardInput.readDataToEndOfFile()
        } else {
            guard let contents = FileManager.default.contents(atPath: file) else {
                throw Complaint("\(file) cannot be read")
            }
            data = contents
        }
        do {
            return try Message(jsonBytes: Array(data))
        } catch {
            throw Complaint("\(file): \(error)")
        }
    }

    func show(_ decision: AssayRiskV1.Decision, replayed: Bool, json bytes: [UInt8]) {
        if json {
            print(String(decoding: bytes, as: UTF8.self))
            return
        }
        for line in DecisionText.lines(decision, replayed: replayed) { print(line) }
        for line in DecisionText.origin(decision) { print(line) }
    }
}
