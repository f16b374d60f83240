#!/bin/sh
# sekisho 0.1.0: plan DIGEST
set -eu
: "${TEMPORARY_PASSWORD:?}"
export AWS_PAGER=''
account="$(aws sts get-caller-identity --query Account --output text)"
[ "$account" = 111122223333 ] || { echo "this plan is for the account 111122223333, and this is $account" >&2; exit 1; }
echo 'this plan is not safe to apply: everyone-gets-in' >&2
exit 1
aws iam update-login-profile --cli-input-json '{"UserName": "ken.suzuki", "PasswordResetRequired": false}' --password "$TEMPORARY_PASSWORD" > /dev/null
aws iam deactivate-mfa-device --cli-input-json '{"UserName": "ken.suzuki", "SerialNumber": "arn:aws:iam::111122223333:mfa/ken-phone"}' > /dev/null
aws iam delete-virtual-mfa-device --cli-input-json '{"SerialNumber": "arn:aws:iam::111122223333:mfa/ken-phone"}' > /dev/null
aws signin list-sessions --principal-arn arn:aws:iam::111122223333:user/ken.suzuki --status ACTIVE --query 'items[?principalArn=='"'"'arn:aws:iam::111122223333:user/ken.suzuki'"'"'].sessionArn' --output text |
  xargs -r -n 5 aws signin batch-revoke-sessions --principal-arn arn:aws:iam::111122223333:user/ken.suzuki --session-arns
