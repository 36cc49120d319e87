# What a RADIUS server does with privacyIDEA's plugin for it, on the wire: one POST to /validate/check for each request, user and
# pass encoded twice, State as `state`, ten seconds of patience. Ours, written from what that plugin sends and reads.
use strict;
use warnings;
use HTTP::Tiny;
use JSON::PP;

our (%RAD_REQUEST, %RAD_REPLY, %RAD_CHECK, %RAD_PERLCONF);
use constant { REJECT => 0, FAIL => 1, OK => 2, HANDLED => 3, NOTFOUND => 6 };

# RFC 3986: reserved characters stay, as in URI::Encode with encode_reserved => 0.
sub encoded { (my $text = shift) =~ s/([^A-Za-z0-9\-._~!*'();:@&=+\$,\/?#\[\]])/sprintf '%%%02X', ord $1/ge; $text }
sub form { (my $text = shift) =~ s/([^A-Za-z0-9\-._~* ])/sprintf '%%%02X', ord $1/ge; $text =~ tr/ /+/; $text }

sub authorize { OK }

sub authenticate {
    my %fields;
    if (exists $RAD_REQUEST{'State'}) {
        (my $hex = $RAD_REQUEST{'State'}) =~ s/^0x//;
        $fields{state} = pack 'H*', $hex;
    }
    $fields{user} = encoded($RAD_REQUEST{'User-Name'} // '');
    $fields{pass} = encoded($RAD_REQUEST{'User-Password'} // '');
    $fields{client} = $RAD_REQUEST{'NAS-IP-Address'} if exists $RAD_REQUEST{'NAS-IP-Address'};

    my $http = HTTP::Tiny->new(agent => 'FreeRADIUS', timeout => 10);
    my $answer = $http->request('POST', $RAD_PERLCONF{url}, {
        headers => {
            'Content-Type' => 'application/x-www-form-urlencoded',
            ($RAD_PERLCONF{key} ? ('X-API-Key' => $RAD_PERLCONF{key}) : ()),
        },
        content => join('&', map { "$_=" . form($fields{$_}) } sort keys %fields),
    });
    my $decoded = eval { JSON::PP->new->utf8->decode($answer->{content}) };
    unless ($decoded) {
        $RAD_REPLY{'Reply-Message'} = "request failed: $answer->{status}";
        return FAIL;
    }
    my ($result, $detail) = ($decoded->{result}, $decoded->{detail});
    if ($result->{value}) {
        $RAD_REPLY{'Reply-Message'} = 'access granted';
        return OK;
    }
    if (!$result->{status}) {
        $RAD_REPLY{'Reply-Message'} = $result->{error}{message};
        return $result->{error}{code} == 904 ? NOTFOUND : FAIL;
    }
    $RAD_REPLY{'Reply-Message'} = $detail->{message};
    return REJECT unless $detail->{transaction_id};
    $RAD_REPLY{'State'} = $detail->{transaction_id};
    $RAD_CHECK{'Response-Packet-Type'} = 'Access-Challenge';
    return HANDLED;
}

1;
