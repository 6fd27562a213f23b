import ArgumentParser

/// Makes, shows, replaces and revokes API keys.
struct KeysCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "Makes, lists, replaces and revokes API keys.",
        discussion: """
            A key file holds what the gateway must know of its keys, and no secret. A running gateway \
            reads it again when it changes. To replace a key without a refused request: rotate it, \
            give the new one out, watch assay_gateway_key_last_used_seconds of the old one on the \
            gateway's admin port, then revoke it.
            """,
        subcommands: [
            KeysCreateCommand.self, KeysListCommand.self, KeysRevokeCommand.self,
            KeysRotateCommand.self,
        ])
}
