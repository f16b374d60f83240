#!/bin/sh
# sekisho 0.1.0: plan DIGEST
set -eu
export AWS_PAGER=''
account="$(aws sts get-caller-identity --query Account --output text)"
[ "$account" = 111122223333 ] || { echo "this plan is for the account 111122223333, and this is $account" >&2; exit 1; }
aws iam delete-virtual-mfa-device --cli-input-json '{"SerialNumber": "arn:aws:iam::111122223333:mfa/aoi.watanabe"}' > /dev/null
